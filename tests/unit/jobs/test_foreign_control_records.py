"""Control records that no fraudstream command wrote are refused in events that fit a broker's limit."""

from dataclasses import replace

import pytest

from fraudstream.system.deadline import wait_until
from jobs.operators.model_reports import ModelReports
from jobs.operators.serving_loader import Outcome
from jobs.operators.settled import internal
from jobs.record_types import DEPLOYMENT, LIST_ENTRIES, RULES, SNOOZE
from schemas import avro_schemas
from schemas.codec import RecordCodec
from schemas.control_id import MAX_ID_CHARACTERS
from schemas.customer_snooze import SNOOZE_PREFIX, CustomerSnooze
from schemas.deployment import DEPLOYMENT_KEY, MAX_CHALLENGERS
from schemas.list_entry import ListEntryRecord
from schemas.registry import FileRegistry
from schemas.rule_book import RULES_KEY
from tests.records import NOON, NOON_MS
from tests.unit.jobs.job_configs import job_config
from tests.unit.jobs.operator_in_memory import OperatorInMemory
from tests.unit.rules.books import book
from tests.unit.schemas.deployments import DEPLOYMENT as DEPLOYED
from tests.unit.schemas.deployments import TRIED
from tests.unit.training.histories import customer_folder

CONTROL, BOOKS, SNOOZES, ENTRIES, EVENTS = (
    RecordCodec(name, "", FileRegistry())
    for name in (
        avro_schemas.CONTROL,
        avro_schemas.RULES,
        avro_schemas.SNOOZE,
        avro_schemas.LIST_ENTRY,
        avro_schemas.MODEL_EVENT,
    )
)
LONG, LONGEST_KEPT = "x" * 900_000, 1_000_000
SHARD = 4


def deployment(**changes):
    return DEPLOYMENT, DEPLOYMENT_KEY, CONTROL.encode({**DEPLOYED.to_record(), **changes})


def rules(**changes):
    return RULES, RULES_KEY, BOOKS.encode(book(**changes).to_record())


def snooze(customer_id, snooze_id="s1", under=None):
    found = CustomerSnooze(
        snooze_id=snooze_id, customer_id=customer_id, until=NOON, reason="", changed_at=NOON, changed_by="tests"
    )
    return SNOOZE, SNOOZE_PREFIX + (under or customer_id), SNOOZES.encode(found.to_record())


def list_entry(value="v", *, under=None, name="frozen", change_id="e1", reason=""):
    found = ListEntryRecord(
        change_id=change_id, list=name, value=value, until=None, reason=reason, changed_at=NOON, changed_by="tests"
    )
    return LIST_ENTRIES, under or found.key, ENTRIES.encode(found.to_record())


def model(**changes):
    return {**DEPLOYED.to_record()["champion"], **changes}


def challengers(count):
    like = DEPLOYED.to_record()["challengers"][1]
    return [{**like, "model_id": f"m{number}", "share": 0.0} for number in range(count)]


@pytest.fixture(scope="module")
def operator():
    begun = OperatorInMemory(customer_folder())
    begun.wake(shard=SHARD)
    return begun


def answer(operator, kind, key, payload):
    """Process a control record and return the model event that answers it."""
    before = len(operator.emitted)
    operator.send(kind, [(key, payload)], shard=SHARD, time_ms=NOON_MS)

    def events():
        operator.wake(shard=SHARD)
        return [payload for topic, _, payload in operator.emitted[before:] if topic == "fraud.model-events.v1"]

    assert wait_until(lambda: bool(events()), seconds=30, interval_s=0.01)
    assert max(map(len, events())) < LONGEST_KEPT
    return EVENTS.decode(events()[-1])


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (deployment(deployment_id=LONG), "a deployment_id of at most 256 characters, got 900,000"),
        (deployment(champion=model(model_id=LONG)), "a model_id of at most 256 characters, got 900,000"),
        (deployment(champion=model(location=LONG)), ""),
        (deployment(champion=model(location="/a\x00b")), ""),
        (deployment(challengers=challengers(20_000)), f"at most {MAX_CHALLENGERS} challengers, got 20,000"),
        (deployment(challengers=[{**challengers(1)[0], "model_id": "y" * 257}]), "a model_id of at most 256"),
        (rules(book_id=LONG), "a book_id of at most 256 characters, got 900,000"),
        (snooze("c1", snooze_id=LONG), "a snooze_id of at most 256 characters, got 900,000"),
        (snooze(LONG), "a customer_id of 1 to 256 bytes, got 900,000"),
        (snooze(""), "a customer_id of 1 to 256 bytes, got 0"),
        (snooze(LONG[:400_000], under=LONG[:400_001]), "expected the record of its key"),
        (list_entry(LONG), "a list entry of at most 4,000 bytes, got 900,"),
        (list_entry(reason=LONG), "a list entry of at most 4,000 bytes, got 900,"),
        (list_entry("v" * 257), "expected 1 to 256 bytes, got 257"),
        (list_entry(""), "expected 1 to 256 bytes, got 0"),
        (list_entry(name="a/b"), "the name of a list, got 'a/b'"),
        (list_entry(name="x" * 65), "the name of a list, got 'xxx"),
        (list_entry(change_id="y" * 257), "a change_id of at most 256 characters, got 257"),
        (list_entry(under="list/frozen/other"), "expected the record of its key"),
        (list_entry(under="list/" + LONG), "expected the record of its key"),
        ((DEPLOYMENT, DEPLOYMENT_KEY, b""), ""),
        ((RULES, RULES_KEY, b"\x00" * 900_000), ""),
        ((SNOOZE, SNOOZE_PREFIX + "c1", b"\xff" * 900_000), ""),
        ((LIST_ENTRIES, "list/frozen/v", b"\xff" * 900_000), ""),
        ((LIST_ENTRIES, "list/frozen/v", b"\xff"), ""),
    ],
)
def test_control_record_that_no_job_can_apply_is_refused_in_an_event_within_the_broker_limit(operator, record, why):
    event = answer(operator, *record)
    assert event["kind"] in {"REFUSED", "RULES_REFUSED"}
    assert event["detail"]
    assert why in event["detail"]


def test_longest_ids_and_all_challengers_fit_into_an_event():
    name = "日" * MAX_ID_CHARACTERS
    many = tuple(replace(TRIED, model_id=f"{number:03}" + name[3:], share=0.0) for number in range(MAX_CHALLENGERS))
    refused = replace(DEPLOYED, deployment_id=name, challengers=many)
    row = ModelReports(job_config(), FileRegistry()).refused(
        4, Outcome(deployment=refused, refusal="no"), NOON_MS, None
    )
    _, _, (payload,) = row
    assert len(payload) < LONGEST_KEPT
    event = EVENTS.decode(payload)
    assert (event["deployment_id"], event["model_id"], *event["challengers"]) == (name, *refused.model_ids)


def test_text_that_no_encoder_accepts_is_reported_without_its_invalid_characters():
    row = ModelReports(job_config(), FileRegistry()).record(4, "s1", "no such folder: \udcff", NOON_MS)
    _, _, (payload,) = row
    assert EVENTS.decode(payload)["detail"] == "no such folder: ?"
    assert internal(ValueError("\ud800")) == "ValueError: ?"
