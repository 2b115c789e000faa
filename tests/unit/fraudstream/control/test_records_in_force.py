"""Control records in force."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from fraudstream.control import control_state
from fraudstream.control.records_in_force import records_in_force, with_control_records, without_control_records
from fraudstream.kafka.broker import Broker
from fraudstream.settings.settings import load_settings
from schemas.avro_schemas import CONTROL, LIST_ENTRY, RULES, SNOOZE
from schemas.codec import RecordCodec
from schemas.customer_snooze import CustomerSnooze
from schemas.list_entry import ListEntryRecord
from schemas.registry import FileRegistry
from tests.unit.jobs.job_configs import job_config
from tests.unit.rules.books import book, rule
from tests.unit.scoring.deployments import deployment

CONTROLS, BOOKS, SNOOZES, ENTRIES = (
    RecordCodec(name, "", FileRegistry()) for name in (CONTROL, RULES, SNOOZE, LIST_ENTRY)
)
NOW = datetime(2026, 11, 29, tzinfo=UTC)


def encoded(found):
    return BOOKS.encode(found.to_record())


def snoozed(customer_id, until=NOW, snooze_id="s"):
    found = CustomerSnooze(
        snooze_id=snooze_id, customer_id=customer_id, until=until, reason="", changed_at=NOW, changed_by="tests"
    )
    return SNOOZES.encode(found.to_record())


def listed(value, **changes):
    found = ListEntryRecord(
        **{"change_id": "e", "list": "frozen", "value": value, "until": None, "reason": "", "changed_by": "t"}
        | changes,
        changed_at=NOW,
    )
    return ENTRIES.encode(found.to_record())


class Topic:
    """An in-memory control topic that counts its reads."""

    def __init__(self, *records):
        self.records, self.reads = records, 0

    def read(self, *_arguments, **_options):
        self.reads += 1
        for offset, (key, value) in enumerate(self.records, start=5):
            yield SimpleNamespace(
                topic=lambda: "fraud.control.v1", key=key.encode, value=lambda value=value: value,
                partition=lambda: 0, offset=lambda offset=offset: offset,
                timestamp=lambda offset=offset: (1, 1_000 + offset),
            )  # fmt: skip


@pytest.fixture
def in_force(monkeypatch, tmp_path):
    def read(*records):
        topic = Topic(*records)
        monkeypatch.setattr(control_state, "read_topic", topic.read)
        monkeypatch.setattr(control_state, "require_topics", lambda *_arguments: None)
        found = records_in_force(Broker(load_settings(paths={"state": tmp_path}), ""))
        return found, topic.reads

    return read


def test_control_topic_is_read_once(in_force):
    served = {"model_id": "m", "location": "/m", "sha256": "0" * 64}
    models = CONTROLS.encode(deployment(served).to_record())
    found, reads = in_force(("deployment", models), ("rules", encoded(book())), ("snooze/c", snoozed("c")))
    assert reads == 1
    assert (found.deployment, found.book) == (models, encoded(book()))
    assert found.records == {"snooze/c": snoozed("c")}
    assert (found.ranges, found.newest_ms) == ({0: [5, 8]}, 1_007)


def test_book_that_the_job_refuses_is_not_in_force(in_force):
    valid, invalid = book(rule("large", "amount > 3")), book(rule("wrong", "amuont > 3"), book_id="b2")
    assert in_force(("rules", encoded(valid)), ("rules", encoded(invalid)))[0].book == encoded(valid)


@pytest.mark.parametrize("ending", [None, snoozed("c", None)])
def test_snooze_that_was_ended_is_not_in_force(in_force, ending):
    assert in_force(("snooze/c", snoozed("c")), ("snooze/c", ending))[0].records == {}


@pytest.mark.parametrize("foreign", [b"text", snoozed("d"), snoozed("c", snooze_id="x" * 257)])
def test_record_that_the_job_refuses_leaves_the_previous_one_in_force(in_force, foreign):
    assert in_force(("snooze/c", snoozed("c")), ("snooze/c", foreign))[0].records == {"snooze/c": snoozed("c")}


def test_only_a_job_without_state_is_pinned_to_the_records_in_force(in_force):
    found, _ = in_force(("rules", encoded(book())), ("snooze/c", snoozed("c")))
    pinned = with_control_records(job_config(), found)
    assert (pinned.first_rules_bytes, pinned.first_records_by_key) == (encoded(book()), {"snooze/c": snoozed("c")})
    assert pinned.first_control_ranges == {"0": [5, 7]}
    assert without_control_records(pinned) == job_config()


@pytest.mark.parametrize("ending", [None, listed("m", removed=True)])
def test_list_entry_that_was_removed_is_not_in_force(in_force, ending):
    assert in_force(("list/frozen/m", listed("m")))[0].records == {"list/frozen/m": listed("m")}
    assert in_force(("list/frozen/m", listed("m")), ("list/frozen/m", ending))[0].records == {}


@pytest.mark.parametrize(
    ("key", "foreign"),
    [
        ("list/frozen/m", b"text"),
        ("list/frozen/m", listed("n")),
        ("list/frozen/m", listed("m", reason="x" * 4_000)),
        ("list/frozen/m", listed("m", change_id="x" * 257)),
        ("list/a/b/m", listed("m", list="a/b")),
        ("list/frozen/", listed("")),
        ("list/frozen/" + "x" * 257, listed("x" * 257)),
    ],
)
def test_list_entry_that_the_job_refuses_leaves_the_previous_one_in_force(in_force, key, foreign):
    assert in_force(("list/frozen/m", listed("m")), (key, foreign))[0].records == {"list/frozen/m": listed("m")}
