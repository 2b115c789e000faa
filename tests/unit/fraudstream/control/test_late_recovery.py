"""Recoveries after the transaction timeout."""

import os
from collections.abc import Iterator

import pytest

from fraudstream.control.late_recovery import SAFE_OUTAGE, late_recovery
from fraudstream.devstack.flink_rest import FlinkRest
from tests.json_server import json_server

TAKEN_MS, SAFE_MS = 1_770_000_000_000, 890_000


class Flink:
    """Answers of Flink's REST interface about one job."""

    def __init__(self) -> None:
        self.parameters = {SAFE_OUTAGE: str(SAFE_MS)}
        self.history = [{"id": 7, "status": "COMPLETED", "latest_ack_timestamp": TAKEN_MS}]
        self.restored: dict[str, object] | None = None
        self.deployed_ms = -1

    def restore(self, after_ms: int, **changes: object) -> None:
        self.restored = {
            "id": 7, "restore_timestamp": TAKEN_MS + after_ms, "is_savepoint": False, "external_path": "hdfs://c/chk-7",
        } | changes  # fmt: skip

    def answer(self, path: str) -> dict[str, object]:
        if path.endswith("/config"):
            return {"execution-config": {"user-config": self.parameters}}
        if path.endswith("/job"):
            return {"state": "RUNNING", "vertices": [{"start-time": self.deployed_ms}, {"start-time": -1}]}
        return {"latest": {"restored": self.restored}, "history": self.history}


@pytest.fixture
def flink() -> Iterator[tuple[Flink, FlinkRest]]:
    answers = Flink()
    with json_server(answers.answer) as url:
        yield answers, FlinkRest(url=url)


def test_recovery_after_the_transaction_timeout_is_reported_with_possible_losses(flink):
    answers, rest = flink
    answers.restore(SAFE_MS + 1_000)
    assert str(late_recovery(rest, "job")) == (
        "expected to recover within 890 s of checkpoint 7, got 891 s: the brokers may have aborted its output, so "
        "scores and alerts made just before 2026-02-02 02:40:00 UTC may be missing. Score again from the savepoint or "
        "checkpoint before it (docs/runbook.md)."
    )


def test_recovery_in_time_is_not_reported(flink):
    answers, rest = flink
    assert late_recovery(rest, "job") is None, "never restored"
    answers.restore(SAFE_MS)
    assert late_recovery(rest, "job") is None


def test_late_recovery_from_savepoints_or_under_at_least_once_loses_nothing(flink):
    answers, rest = flink
    answers.restore(10 * SAFE_MS, is_savepoint=True)
    assert late_recovery(rest, "job") is None
    answers.restore(10 * SAFE_MS)
    answers.parameters = {}
    assert late_recovery(rest, "job") is None


def test_checkpoint_unknown_to_a_new_jobmanager_is_dated_by_its_file(flink, tmp_path):
    answers, rest = flink
    answers.history = []
    answers.restore(SAFE_MS + 1_000)
    assert late_recovery(rest, "job") is None, "elsewhere: its age can't be known"
    answers.restore(SAFE_MS + 1_000, external_path=tmp_path.as_uri())
    assert late_recovery(rest, "job") is None, "no such file"
    (tmp_path / "_metadata").write_bytes(b"")
    os.utime(tmp_path / "_metadata", (TAKEN_MS / 1000, TAKEN_MS / 1000))
    found = late_recovery(rest, "job")
    assert found is not None
    assert found.taken_ms == TAKEN_MS


def test_job_that_waited_for_slots_is_late_by_its_time_of_deployment(flink):
    answers, rest = flink
    answers.restore(1_000)
    answers.deployed_ms = TAKEN_MS + SAFE_MS + 1
    found = late_recovery(rest, "job")
    assert found is not None
    assert found.restored_ms == answers.deployed_ms
