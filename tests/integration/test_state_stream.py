"""State of a real job, exported from its savepoint and imported into other shards and the other mode."""

from pathlib import Path

import pytest

from fraudstream.control.state_export import export_state
from fraudstream.control.state_import import import_state
from jobs.state_files import CUSTOMERS, read_unprocessed, state_files
from tests.integration.expected import card_world
from tests.integration.scoring_lane import Lane
from tests.integration.verify_command import command, consistency
from tests.unit.training.histories import artifact_folder

pytestmark = pytest.mark.integration

PART, STREAM_S = 3_000, 15.0
BATCH_MS = 500
"""So long that a micro-batch is open wherever a steady stream is stopped."""

MORE_SHARDS, OTHER_MODE = {"shards": 8}, {"shards": 4, "mode": "process"}


def carry_over(lane: Lane, savepoint: str, folder: Path, **job: object) -> str:
    """Export a savepoint with open micro-batches, and import it for a job of other settings."""
    export_state(lane.services, savepoint, folder)
    unprocessed = [read_unprocessed(file)["transactions"] for file in state_files(folder, CUSTOMERS)]
    assert sum(map(len, unprocessed)) > 0
    lane.change(**job)
    return import_state(lane.services, folder)


def stop_in_mid_stream(lane: Lane, table) -> str:
    """Stop the job while it is sent transactions."""
    with lane.sending(table, rate=len(table) / STREAM_S):
        lane.await_records(lane.topics.scores, lane.size(lane.topics.scores) + len(table) // 20)
        return lane.stop_with_savepoint()


@pytest.mark.parametrize(
    ("part", "later"),
    [
        (PART, [OTHER_MODE]),
        pytest.param(PART, [MORE_SHARDS, OTHER_MODE], marks=pytest.mark.long),
        pytest.param(100_000, [MORE_SHARDS, OTHER_MODE], marks=[pytest.mark.long, pytest.mark.timeout(1_800)]),
    ],
)
def test_a_job_continues_in_other_shards_and_the_other_mode_and_verify_finds_no_difference(
    open_lane, point_at, tmp_path, part, later
):
    total = (len(later) + 1) * part
    model, table = artifact_folder(), card_world(total, customers=max(300, part // 25))
    lane = open_lane(model=model, shards=2, feature_log_share=1, batch_ms=BATCH_MS)
    point_at(lane)
    lane.submit()
    for number, job in enumerate(later):
        transactions = table.slice(number * part, part)
        lane.send_labels(transactions)
        savepoint = stop_in_mid_stream(lane, transactions)
        lane.submit(savepoint=carry_over(lane, savepoint, tmp_path / str(number), **job))
        lane.await_scores((number + 1) * part)
    last = table.slice(total - part)
    lane.send_labels(last)
    lane.send(last)
    lane.await_scores(total)
    lane.await_records(lane.topics.inference, total)

    scored = [item["transaction_id"] for item in lane.scores()]
    assert len(scored) == len(set(scored)) == total, "each is scored once"
    code, found = consistency(model=model)
    assert (code, found["mismatching"], found["missing"], found["compared"]) == (0, 0, 0, total)
    customer = table["customer_id"][0].as_py()
    assert command("state", "show", str(tmp_path / "0"), customer).exit_code == 0


@pytest.mark.long
def test_an_exactly_once_job_in_process_mode_on_rocksdb_continues_as_any_other(open_lane, point_at, tmp_path):
    model, table = artifact_folder(), card_world(2 * PART)
    lane = open_lane(
        model=model, shards=4, feature_log_share=1, batch_ms=BATCH_MS,
        mode="process", state_backend="rocksdb", guarantee="exactly-once", tolerated_checkpoint_failures=2,
    )  # fmt: skip
    point_at(lane)
    lane.submit()
    lane.send_labels(table.slice(0, PART))
    savepoint = stop_in_mid_stream(lane, table.slice(0, PART))
    usual = {"mode": "thread", "state_backend": "hashmap", "guarantee": "at-least-once"}
    lane.submit(savepoint=carry_over(lane, savepoint, tmp_path / "state", shards=2, **usual))
    lane.send(table.slice(PART))
    lane.await_scores(2 * PART)
    lane.await_records(lane.topics.inference, 2 * PART)

    positions = [(item["partition"], item["offset"]) for item in lane.scores()]
    assert len(positions) == len(set(positions)) == 2 * PART, "each is scored once"
    code, found = consistency(model=model)
    assert (code, found["mismatching"], found["missing"], found["compared"]) == (0, 0, 0, 2 * PART)
