"""Loading of deployments."""

from threading import Event

import pytest

from jobs.operators.serving_loader import ServingLoader
from schemas.avro_schemas import CONTROL
from schemas.codec import RecordCodec
from schemas.framing import header
from schemas.registry import FileRegistry
from tests.unit.schemas.deployments import DEPLOYMENT

CODEC = RecordCodec(CONTROL, "", FileRegistry())
PAYLOAD = CODEC.encode(DEPLOYMENT.to_record())
SECONDS = 30.0


class Loads:
    """Loads of deployments, recorded, with a result chosen by the test."""

    def __init__(self, does=lambda deployment: f"models of {deployment.deployment_id}"):
        self.deployments = []
        self._does = does

    def __call__(self, deployment):
        self.deployments.append(deployment)
        return self._does(deployment)


def payload(number):
    return CODEC.encode({**DEPLOYMENT.to_record(), "deployment_id": f"d{number}"})


def test_deployment_of_the_record_is_loaded():
    loads = Loads()
    outcome = ServingLoader(CODEC, loads).request(PAYLOAD).result(SECONDS)
    assert (outcome.deployment, outcome.serving, outcome.refusal) == (DEPLOYMENT, "models of d1", "")


def test_shards_of_a_subtask_share_one_load():
    loads = Loads()
    loader = ServingLoader(CODEC, loads)
    for _shard in range(3):  # each requests its current and its pending deployment
        outcomes = [loader.request(payload(number)) for number in (1, 2)]
    assert [outcome.result(SECONDS).serving for outcome in outcomes] == ["models of d1", "models of d2"]
    assert len(loads.deployments) == 2


def test_deployment_that_no_shard_requests_is_dropped():
    loads = Loads()
    loader = ServingLoader(CODEC, loads)
    for number in (1, 2, 3, 1):
        loader.request(payload(number)).result(SECONDS)
    assert [deployment.deployment_id for deployment in loads.deployments] == ["d1", "d2", "d3", "d1"]


def test_request_returns_before_the_models_are_loaded():
    may_load = Event()
    outcome = ServingLoader(CODEC, Loads(lambda _deployment: may_load.wait(SECONDS))).request(PAYLOAD)
    assert not outcome.done()
    may_load.set()
    assert outcome.result(SECONDS).serving is True


@pytest.mark.parametrize("error", [OSError("stale file handle"), MemoryError(), ValueError("no such operator")])
def test_any_failure_of_loading_is_a_refusal(error):
    def fail(_deployment):
        raise error

    outcome = ServingLoader(CODEC, Loads(fail)).request(PAYLOAD).result(SECONDS)
    assert (outcome.deployment, outcome.serving) == (DEPLOYMENT, None)
    assert outcome.refusal == (str(error) or repr(error))


def over_share():
    record = DEPLOYMENT.to_record()
    return CODEC.encode({**record, "challengers": [{**record["challengers"][0], "share": 1.5}]})


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "header"),
        (b"poison", "0x00"),
        (PAYLOAD[:-1], "Avro body"),
        (PAYLOAD + b"\x00", "record to end"),
        (header(9_999) + PAYLOAD[5:], "9999"),
        (over_share(), "shares of 0 to 1"),
    ],
)
def test_record_without_a_deployment_is_refused(raw, why):
    loads = Loads()
    outcome = ServingLoader(CODEC, loads).request(raw).result(SECONDS)
    assert (outcome.deployment, outcome.serving, loads.deployments) == (None, None, [])
    assert why in outcome.refusal


def test_models_of_a_hanging_folder_are_refused_at_the_deadline_and_available_once_loaded():
    may_load = Event()
    loads = Loads(lambda _deployment: may_load.wait(SECONDS))
    loader = ServingLoader(CODEC, loads, max_wait_s=0)
    for _shard in range(3):
        outcome = loader.awaited(PAYLOAD)
        assert (outcome.deployment, outcome.serving, outcome.late) == (DEPLOYMENT, None, True)
    assert f"expected {DEPLOYMENT.champion.location}" in outcome.refusal
    assert "to be read within 0 s, got no answer" in outcome.refusal
    may_load.set()
    assert loader.request(PAYLOAD).result(SECONDS).serving is True
    assert loader.awaited(PAYLOAD).serving is True
    assert len(loads.deployments) == 1


def test_record_without_a_deployment_is_not_late():
    outcome = ServingLoader(CODEC, Loads()).awaited(b"poison")
    assert (outcome.deployment, outcome.late) == (None, False)
