"""A job that goes on from a savepoint in another shape: another query, more subtasks. Nothing is lost or changed."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from fraudstream.cli.main import app
from fraudstream.control import resumption
from fraudstream.control.savepoints import MANIFEST_FILE
from fraudstream.system.deadline import wait_until
from jobs.state_manifest import StateMismatchError
from models.features.history import HEADER, HEADERS, HISTORY_VERSION
from tests.integration.expected import Expected, card_world
from tests.integration.scoring_lane import Lane
from tests.integration.upgraded_jobs import assert_each_once, ensure_slots
from tests.integration.verify_command import consistency
from tests.patience import PATIENCE_S
from tests.unit.training.histories import artifact_folder

pytestmark = pytest.mark.integration

NEWER = HISTORY_VERSION + 1

STEP = 1_000
"""Scores after which the job is stopped: batches of a second are open then, and most of the stream is to come."""


def refused(lane: Lane, savepoint: str, what: str, **job) -> None:
    before = lane.services
    lane.change(**job)
    with pytest.raises(StateMismatchError, match=what):
        lane.submit(savepoint=savepoint)
    lane.services = before


@pytest.mark.long
def test_changed_query_on_two_subtasks_and_back_goes_on_with_the_open_batch_of_the_old_one(open_lane, artifact):
    lane, table = open_lane(shards=4, batch_ms=999), card_world(30_000, customers=600)
    ensure_slots(lane, 2)
    lane.submit()
    with lane.trickling(table):
        lane.await_scores(STEP)
        first = lane.stop_with_savepoint()
        assert STEP <= len(lane.scores()) < len(table)

        refused(lane, first, "expected job.shards to be 4 as in the savepoint, got 2", shards=2)
        refused(lane, first, "expected job.mode to be 'thread'", mode="process")
        refused(
            lane,
            first,
            "none for label-lanes-source, label-lanes-window-aggregate-4 .*--allow-dropped-state",
            labels=False,
        )

        # Without labels half of the plan is gone, so the planner renumbers all that is left.
        lane.change(labels=False, batch_ms=500, feature_log_share=0.5, parallelism=2)
        lane.submit(savepoint=first, drop_state=True)
        lane.await_scores(2 * STEP)
        second = lane.stop_with_savepoint()
        assert len(lane.scores()) < len(table), "stopped in mid-stream"

        lane.change(labels=True, batch_ms=30, parallelism=1, guarantee="exactly-once")
        lane.submit(savepoint=second)
    lane.await_scores(len(table))
    lane.stop_with_savepoint()
    assert_each_once(lane, Expected.of(table, artifact))


LONG = [pytest.mark.long, pytest.mark.timeout(1_800)]
RESCALED = [
    pytest.param("thread", (1, 2, 1), 20_000, marks=LONG),
    pytest.param("thread", (1, 2, 4, 1), 300_000, marks=LONG),
    pytest.param("process", (1, 2, 4, 1), 300_000, marks=LONG),
]


@pytest.mark.parametrize(("mode", "parallelisms", "rows"), RESCALED)
def test_rescaled_with_labels_and_killed_taskmanagers_all_scores_are_recomputed_from_the_topics(
    open_lane, point_at, mode, parallelisms, rows
):
    model, table = artifact_folder(), card_world(rows, customers=max(600, rows // 80), label_delay_days=0.5)
    lane = open_lane(model=model, mode=mode, shards=8, feature_log_share=1)
    point_at(lane)
    ensure_slots(lane, max(parallelisms))
    savepoint = None
    with lane.trickling(table, labels=True):
        for number, parallelism in enumerate(parallelisms, 1):
            lane.change(parallelism=parallelism)
            lane.submit(savepoint=savepoint)
            lane.await_scores(number * STEP)
            if parallelism == max(parallelisms):
                lane.kill_taskmanagers()
                ensure_slots(lane, parallelism)
                assert wait_until(lambda: lane.rest.restarts(lane.job_ids[-1]) > 0, seconds=120)
                # Stopped below while its tasks start again.
            if number < len(parallelisms):
                savepoint = lane.stop_with_savepoint()
                assert number * STEP <= lane.size(lane.topics.scores) < len(table), "stopped after the stream"
    lane.await_scores(len(table))
    lane.await_records(lane.topics.inference, len(table))
    lane.cancel()
    code, found = consistency(model=model)
    assert (code, found["mismatching"], found["missing"], found["compared"]) == (0, 0, 0, len(table))
    assert (found["unrecorded"], found["entities_uncertain"]) == (0, {})


def write_newer_histories(savepoint: Path) -> None:
    """Change a savepoint's histories into those of the next version, in all but their layout."""
    for file in savepoint.iterdir():
        content = file.read_bytes()
        for header in HEADERS[1:]:
            content = content.replace(header, HEADER.pack(NEWER, *HEADER.unpack(header)[1:]))
        file.write_bytes(content)


def assert_newer_version_is_shown_by_status(lane: Lane, savepoint: Path, table, monkeypatch) -> None:
    """Start the job on unchecked state of a newer version: it restarts again and again, and `status` says why."""
    write_newer_histories(savepoint)
    (savepoint / MANIFEST_FILE).unlink()  # as plain `flink stop` leaves it
    lane.submit(savepoint=str(savepoint))
    lane.send(table)
    monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", str(lane.settings.state.root))

    def shown() -> str:
        return CliRunner().invoke(app, ["status"]).output

    message = rf"last failure at .* UTC: .*HistoryVersionError.*got version {NEWER}"
    assert wait_until(lambda: re.search(message, shown()) is not None, seconds=PATIENCE_S), shown()


def test_state_of_other_shards_or_another_mode_or_a_newer_version_is_refused_and_by_the_job_too(
    open_lane, artifact, monkeypatch
):
    lane, table = open_lane(), card_world(2_000)
    lane.submit()
    lane.send(table.slice(0, 1_000))
    lane.await_scores(1_000)
    checkpoint = lane.cancel_after_checkpoint()
    refused(lane, checkpoint, "expected job.shards to be 2 as in the savepoint, got 4", shards=4)
    refused(lane, checkpoint, "expected job.mode to be 'thread' as in the savepoint, got 'process'", mode="process")
    with monkeypatch.context() as unchecked:  # as where another tool than ours starts the job
        unchecked.setattr(resumption, "check_savepoint", lambda *_args, **_options: "")
        refused(lane, checkpoint, "expected job.* as in the state, got", shards=4)
        refused(lane, checkpoint, "expected job.mode to be 'thread' as in the state, got 'process'", mode="process")
    lane.submit(savepoint=checkpoint)
    lane.send(table.slice(1_000))
    lane.await_scores(2_000)
    savepoint = Path(urlsplit(lane.stop_with_savepoint()).path)
    assert {item["transaction_id"]: item["score"] for item in lane.scores()} == Expected.of(table, artifact).scores
    assert_newer_version_is_shown_by_status(lane, savepoint, table.slice(0, 500), monkeypatch)
