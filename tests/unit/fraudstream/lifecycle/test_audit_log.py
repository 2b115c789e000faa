"""Audit log of the model lifecycle."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from fraudstream.lifecycle.audit_log import AuditEntry, AuditLog, Serving
from fraudstream.system.failures import RuntimeFailure


def entry(number: int, **changes) -> AuditEntry:
    plain = AuditEntry(
        decision_id=f"d{number}", at=datetime(2026, 3, 2, 12, number, tzinfo=UTC), by="jane@host", action="promote",
        outcome="done", reason="", version=number, model_id=f"fraud-{number}",
        before=Serving(champion=number - 1 or None), after=Serving(champion=number),
    )  # fmt: skip
    return replace(plain, **changes)


@pytest.fixture
def log(tmp_path):
    return AuditLog(tmp_path / "models" / "audit.jsonl")


def test_entries_are_read_as_written(log):
    written = [
        entry(1, gates=[{"name": "flips", "passed": True, "expected": "few", "was": "none"}], data={"rows": 3}),
        entry(2, action="shadow", after=Serving(champion=1, challenger=2, share=0.1)),
    ]
    for one in written:
        log.add(one)
    assert log.entries() == written


def test_lines_are_only_added(log):
    log.add(entry(1))
    before = log.path.read_bytes()
    log.add(entry(2))
    assert log.path.read_bytes().startswith(before)
    assert log.path.read_bytes().count(b"\n") == 2


def test_log_without_decisions_has_nothing_to_undo(log):
    assert log.entries() == []
    assert log.to_undo() is None


def test_refused_and_failed_decisions_are_not_undone(log):
    log.add(entry(1))
    log.add(entry(2, outcome="refused"))
    log.add(entry(3, outcome="failed"))
    assert log.to_undo() == entry(1)


def test_rollback_restores_the_decision_before_the_undone_one(log):
    for number in (1, 2, 3):
        log.add(entry(number))
    log.add(entry(4, action="rollback", undoes="d3"))
    assert log.to_undo() == entry(2)
    log.add(entry(5, action="rollback", undoes="d2"))
    assert log.to_undo() == entry(1)


def test_invalid_line_is_reported_by_its_number(log):
    log.add(entry(1))
    with log.path.open("a") as file:
        file.write("{}\n")
    with pytest.raises(RuntimeFailure, match="line 2"):
        log.entries()
