import os
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest

from fraudstream.control.late_recovery import SAFE_OUTAGE, late_recovery
from fraudstream.devstack.flink_rest import FlinkRest
from tests.json_handler import JsonHandler
from tests.served import served

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
            "id": 7, "restore_timestamp": TAKEN_MS + after_ms, "is_savepoint": False, "external_path": "s3://c/chk-7",
        } | changes  # fmt: skip


@pytest.fixture
def flink() -> Iterator[tuple[Flink, FlinkRest]]:
    told = Flink()

    class Handler(JsonHandler):
        def do_GET(self) -> None:  # noqa: N802 (named by http.server)
            if self.path.endswith("/config"):
                self.answer(200, {"execution-config": {"user-config": told.parameters}})
            elif self.path.endswith("/job"):
                self.answer(
                    200, {"state": "RUNNING", "vertices": [{"start-time": told.deployed_ms}, {"start-time": -1}]}
                )
            else:
                self.answer(200, {"latest": {"restored": told.restored}, "history": told.history})

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        yield told, FlinkRest(url=f"http://127.0.0.1:{server.server_port}")


def test_recovery_after_the_transactions_time_is_told_with_what_may_be_missing(flink):
    told, rest = flink
    told.restore(SAFE_MS + 1_000)
    assert str(late_recovery(rest, "job")) == (
        "expected to recover within 890 s of checkpoint 7, got 891 s: the brokers may have aborted its output, so "
        "scores and alerts made just before 2026-02-02 02:40:00 UTC may be missing. Score again from the savepoint or "
        "checkpoint before it (docs/runbook.md)."
    )


def test_recovery_in_time_is_none(flink):
    told, rest = flink
    assert late_recovery(rest, "job") is None, "never restored"
    told.restore(SAFE_MS)
    assert late_recovery(rest, "job") is None


def test_at_least_once_and_savepoints_lose_nothing_however_long_it_takes(flink):
    told, rest = flink
    told.restore(10 * SAFE_MS, is_savepoint=True)
    assert late_recovery(rest, "job") is None
    told.restore(10 * SAFE_MS)
    told.parameters = {}
    assert late_recovery(rest, "job") is None


def test_checkpoint_that_a_new_jobmanager_has_not_seen_is_dated_by_its_file(flink, tmp_path):
    told, rest = flink
    told.history = []
    told.restore(SAFE_MS + 1_000)
    assert late_recovery(rest, "job") is None, "elsewhere: its age can't be known"
    told.restore(SAFE_MS + 1_000, external_path=tmp_path.as_uri())
    assert late_recovery(rest, "job") is None, "no such file"
    (tmp_path / "_metadata").write_bytes(b"")
    os.utime(tmp_path / "_metadata", (TAKEN_MS / 1000, TAKEN_MS / 1000))
    found = late_recovery(rest, "job")
    assert found is not None
    assert found.taken_ms == TAKEN_MS


def test_job_that_waited_for_slots_is_late_from_when_it_was_deployed(flink):
    told, rest = flink
    told.restore(1_000)
    told.deployed_ms = TAKEN_MS + SAFE_MS + 1
    found = late_recovery(rest, "job")
    assert found is not None
    assert found.restored_ms == told.deployed_ms
