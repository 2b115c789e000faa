"""Deployments on a shard, with in-memory state; real state is tested in integration."""

from concurrent.futures import Future
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest

from jobs.operators.model_reports import ModelReports
from jobs.operators.serving_loader import Outcome
from jobs.operators.shard_models import COMPARED_MS, LOADING_MS, MAX_LOADING_MS, ShardModels
from models.scoring.history_scorer import HistoryScorer
from models.scoring.loaded_model import load_model
from models.scoring.served_models import ServedModels
from schemas.avro_schemas import MODEL_EVENT, SHADOW
from schemas.codec import RecordCodec
from schemas.columns import TRANSACTION_ARROW
from schemas.registry import FileRegistry
from tests.records import NOON_MS
from tests.unit.jobs.job_configs import job_config
from tests.unit.jobs.value_state import Value
from tests.unit.scoring.deployments import deployment, named
from tests.unit.training.histories import customer_folder, history, other_folder

SHARD = 4
CODECS = {
    "fraud.model-events.v1": RecordCodec(MODEL_EVENT, "", FileRegistry()),
    "fraud.shadow.v1": RecordCodec(SHADOW, "", FileRegistry()),
}


@dataclass
class State:
    """In-memory ShardState."""

    deployment: Value = field(default_factory=Value)
    pending_deployment: Value = field(default_factory=Value)


@dataclass
class Loader:
    """A loader whose loads the test completes."""

    requests: dict[bytes, Future] = field(default_factory=dict)

    def request(self, payload):
        return self.requests.setdefault(payload, Future())

    def awaited(self, payload):
        found = self.request(payload)
        return found.result() if found.done() else Outcome(deployment=None, refusal="no answer", late=True)

    def loaded(self, payload, serving):
        self.request(payload).set_result(Outcome(deployment=None, serving=serving))

    def refused(self, payload, why):
        requested = deployment(named(customer_folder()), deployment_id=payload.decode())
        self.request(payload).set_result(Outcome(deployment=requested, refusal=why))


@dataclass
class Counts:
    """Number of deployments and refusals."""

    served: int = 0
    refusals: int = 0

    def deployed(self):
        self.served += 1

    def refused(self):
        self.refusals += 1


def serving(deployment_id, *folders):
    """Return the models of some folders as a loaded deployment."""
    ensemble = ServedModels(
        models=tuple(load_model(deployment(named(folder)).champion) for folder in folders),
        shares=(0.0,) * (len(folders) - 1),
    )
    return SimpleNamespace(deployment_id=deployment_id, ensemble=ensemble)


@pytest.fixture(scope="module")
def settings_model():
    return serving("", customer_folder())


@pytest.fixture(scope="module")
def other():
    return serving("d2", other_folder())


@pytest.fixture(scope="module")
def both():
    return serving("d3", customer_folder(), other_folder())


class Shard:
    """Models of one shard; each method returns the resulting model events."""

    def __init__(self, settings_model, state=None, loader=None):
        self.state, self.loader, self.counts = state or State(), loader or Loader(), Counts()
        self.ensembles = []
        reports = ModelReports(job_config(), FileRegistry())
        self.models = ShardModels(
            SHARD, self.state, self.loader, settings_model, self.ensembles.append, reports, self.counts
        )

    def begin(self):
        return reported(self.models.begin(NOON_MS))

    def poll(self, after_ms):
        return reported(self.models.poll(NOON_MS + after_ms))


def reported(rows):
    return [CODECS[topic].decode(payload) for topic, _keys, payloads in rows for payload in payloads]


def outline(events):
    return [(event["kind"], event["deployment_id"], event["took_ms"]) for event in events]


def test_shard_without_deployment_serves_the_settings_model_and_polls_nothing(settings_model):
    shard = Shard(settings_model)
    (event,) = shard.begin()
    assert (event["kind"], event["shard"], event["model_id"]) == (
        "SERVING", SHARD, named(customer_folder())["model_id"],
    )  # fmt: skip
    assert shard.ensembles == [settings_model.ensemble]
    assert shard.models.next_poll_ms(NOON_MS) is None
    assert shard.poll(60_000) == []


def test_deployed_models_serve_once_loaded(settings_model, other):
    shard = Shard(settings_model)
    shard.begin()
    shard.models.apply(b"d2", NOON_MS)
    assert shard.models.next_poll_ms(NOON_MS) == NOON_MS + LOADING_MS
    assert shard.poll(10) == []
    assert shard.models.serving is settings_model
    shard.loader.loaded(b"d2", other)
    assert outline(shard.poll(70)) == [("SERVING", "d2", 70)]
    assert shard.models.serving is other
    assert shard.ensembles[-1] is other.ensemble
    assert (shard.state.deployment.value(), shard.state.pending_deployment.value()) == (b"d2", None)
    assert shard.models.next_poll_ms(NOON_MS) is None
    assert (shard.counts.served, shard.counts.refusals) == (1, 0)


def test_refused_deployment_leaves_the_previous_one_in_force(settings_model, other):
    shard = Shard(settings_model)
    shard.begin()
    shard.models.apply(b"d2", NOON_MS)
    shard.loader.loaded(b"d2", other)
    shard.poll(50)
    shard.models.apply(b"d9", NOON_MS)
    shard.loader.refused(b"d9", "expected a model")
    (event,) = shard.poll(60)
    assert (event["kind"], event["deployment_id"], event["detail"]) == ("REFUSED", "d9", "expected a model")
    assert shard.models.serving is other
    assert (shard.state.deployment.value(), shard.state.pending_deployment.value()) == (b"d2", None)
    assert (shard.counts.served, shard.counts.refusals) == (1, 1)


def test_long_refusal_is_cut(settings_model):
    shard = Shard(settings_model)
    shard.begin()
    shard.models.apply(b"d9", NOON_MS)
    shard.loader.refused(b"d9", "x" * 5_000)
    assert len(shard.poll(60)[0]["detail"]) == 1_000


def test_request_displaced_by_one_of_other_shards_is_repeated(settings_model, other):
    shard = Shard(settings_model)
    shard.begin()
    shard.models.apply(b"d2", NOON_MS)
    shard.loader.requests.pop(b"d2").cancel()
    assert shard.poll(20) == []
    shard.loader.loaded(b"d2", other)
    assert outline(shard.poll(70)) == [("SERVING", "d2", 70)]


def test_later_of_two_deployments_counts(settings_model, other, both):
    shard = Shard(settings_model)
    shard.begin()
    shard.models.apply(b"d2", NOON_MS)
    shard.models.apply(b"d3", NOON_MS + 10)
    shard.loader.loaded(b"d2", other)
    assert shard.poll(20) == []
    shard.loader.loaded(b"d3", both)
    assert outline(shard.poll(40)) == [("SERVING", "d3", 30)]
    assert shard.models.serving is both


def test_restored_shard_keeps_its_models_and_pending_deployment(settings_model, other, both):
    shard = Shard(settings_model)
    shard.begin()
    shard.models.apply(b"d2", NOON_MS)
    shard.loader.loaded(b"d2", other)
    shard.poll(50)
    shard.models.apply(b"d3", NOON_MS)

    restored = Shard(settings_model, state=shard.state)
    restored.loader.loaded(b"d2", other)
    assert outline(restored.begin()) == [("SERVING", "d2", None)]
    assert restored.models.serving is other
    restored.loader.loaded(b"d3", both)
    assert outline(restored.poll(20)) == [("SERVING", "d3", 20)]
    assert restored.state.deployment.value() == b"d3"


def test_restored_shard_without_its_models_reports_it_and_scores_with_the_settings_model(settings_model):
    state = State()
    state.deployment.update(b"d2")
    shard = Shard(settings_model, state)
    shard.loader.refused(b"d2", "expected the file manifest.json")
    assert outline(shard.begin()) == [("REFUSED", "d2", None), ("SERVING", "", None)]
    assert shard.models.serving is settings_model
    assert state.deployment.value() == b"d2", "the next restart may find them"


def scored_by(ensemble, rows):
    (records,) = history().slice(0, rows).select(TRANSACTION_ARROW.names).combine_chunks().to_batches()
    return HistoryScorer(ensemble).score(records)


def test_comparisons_are_written_when_they_are_due_and_when_the_models_change(settings_model, other, both):
    shard = Shard(settings_model)
    shard.begin()
    shard.models.compare(scored_by(settings_model.ensemble, 10), NOON_MS)
    assert shard.models.next_poll_ms(NOON_MS) is None, "there is nothing to compare with"
    shard.models.apply(b"d3", NOON_MS)
    shard.loader.loaded(b"d3", both)
    shard.poll(0)
    for after_ms in (100, 200):
        shard.models.compare(scored_by(both.ensemble, 50), NOON_MS + after_ms)
    assert shard.models.next_poll_ms(NOON_MS + 200) == NOON_MS + 100 + COMPARED_MS
    assert shard.poll(99 + COMPARED_MS) == []
    (record,) = shard.poll(100 + COMPARED_MS)
    assert (record["shard"], record["deployment_id"], record["transactions"]) == (SHARD, "d3", 100)
    assert (record["end"] - record["begin"]).total_seconds() * 1000 == COMPARED_MS
    assert shard.poll(100 + 2 * COMPARED_MS) == []

    shard.models.compare(scored_by(both.ensemble, 30), NOON_MS)
    shard.models.apply(b"d2", NOON_MS)
    shard.loader.loaded(b"d2", other)
    record, event = shard.poll(10)
    assert (record["deployment_id"], record["transactions"]) == ("d3", 30)
    assert (event["kind"], event["deployment_id"]) == ("SERVING", "d2")
    assert np.isfinite(record["difference_sum"])


def test_fresh_shard_starts_with_the_deployment_in_force_and_a_restored_one_with_its_own(settings_model, other, both):
    shard = Shard(settings_model)
    shard.loader.loaded(b"d2", other)
    assert outline(reported(shard.models.begin(NOON_MS, b"d2"))) == [("SERVING", "d2", None)]
    shard.models.apply(b"d3", NOON_MS)
    shard.loader.loaded(b"d3", both)
    shard.poll(10)
    restored = Shard(settings_model, shard.state, shard.loader)
    assert outline(reported(restored.models.begin(NOON_MS, b"d2"))) == [("SERVING", "d3", None)]


def test_models_that_hang_at_the_start_are_refused_and_serve_once_loaded(settings_model, other):
    state = State()
    state.deployment.update(b"d2")
    shard = Shard(settings_model, state)
    assert [event["kind"] for event in shard.begin()] == ["REFUSED", "SERVING"]
    assert shard.models.serving is settings_model
    assert shard.counts.refusals == 1
    assert state.pending_deployment.value() == b"d2"
    assert shard.models.next_poll_ms(NOON_MS) == NOON_MS + LOADING_MS
    assert shard.models.next_poll_ms(NOON_MS + 3_600_000) == NOON_MS + 3_600_000 + MAX_LOADING_MS
    shard.loader.loaded(b"d2", other)
    assert outline(shard.poll(40_000)) == [("SERVING", "d2", 40_000)]
    assert shard.models.serving is other
    assert (state.deployment.value(), state.pending_deployment.value()) == (b"d2", None)


def test_models_that_hang_at_the_start_do_not_displace_later_deployments(settings_model, other, both):
    state = State()
    state.deployment.update(b"d2")
    state.pending_deployment.update(b"d3")
    shard = Shard(settings_model, state)
    shard.begin()
    assert state.pending_deployment.value() == b"d3"
    shard.loader.loaded(b"d2", other)
    assert shard.poll(10) == []
    shard.loader.loaded(b"d3", both)
    assert outline(shard.poll(30)) == [("SERVING", "d3", 30)]


HOUR_MS = 3_600_000


def test_clock_that_steps_back_delays_no_comparison(settings_model, both):
    shard = Shard(settings_model)
    shard.begin()
    shard.models.apply(b"d3", NOON_MS)
    shard.loader.loaded(b"d3", both)
    shard.poll(0)
    shard.models.compare(scored_by(both.ensemble, 50), NOON_MS)
    assert shard.models.next_poll_ms(NOON_MS - HOUR_MS) == NOON_MS - HOUR_MS + COMPARED_MS
    (record,) = shard.poll(-HOUR_MS)
    assert record["transactions"] == 50
    assert record["begin"] <= record["end"]


def test_clock_that_steps_back_delays_no_loading(settings_model, other):
    shard = Shard(settings_model)
    shard.begin()
    shard.models.apply(b"d2", NOON_MS)
    assert shard.models.next_poll_ms(NOON_MS - HOUR_MS) == NOON_MS - HOUR_MS + LOADING_MS
    shard.loader.loaded(b"d2", other)
    assert outline(shard.poll(-HOUR_MS)) == [("SERVING", "d2", 0)]
