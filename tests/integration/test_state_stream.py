"""State of a real job, exported from its savepoint and imported into other shards and the other mode."""

from pathlib import Path

import pytest

from fraudstream.control.state_export import export_state
from fraudstream.control.state_import import import_state
from tests.integration.expected import card_world
from tests.integration.scoring_lane import Lane
from tests.integration.test_consistency import command, consistency
from tests.unit.training.histories import artifact_folder

pytestmark = pytest.mark.integration

PART = 4_000


def carry_over(lane: Lane, savepoint: str, folder: Path, **job: object) -> str:
    """Export a savepoint, and import it for a job of other settings."""
    export_state(lane.settings, lane.services, savepoint, folder)
    lane.change(**job)
    return import_state(lane.settings, lane.services, folder)


def stop_in_mid_stream(lane: Lane, table, rate: float = 4_000.0) -> str:
    """Stop the job while it is sent transactions and labels, so that micro-batches are open."""
    with lane.sending(table, rate=rate) as sent:
        lane.await_records(lane.topics.scores, lane.size(lane.topics.scores) + len(table) // 3)
        savepoint = lane.stop_with_savepoint()
        sent.result()
    return savepoint


def test_a_job_continues_in_other_shards_and_the_other_mode_and_verify_finds_no_difference(
    open_lane, point_at, tmp_path
):
    model = artifact_folder()
    lane = open_lane(model=model, shards=2, feature_log_share=1, batch_ms=200)
    point_at(lane)
    table = card_world(4 * PART)
    lane.submit()
    lane.send_with_labels(table.slice(0, PART))
    savepoint = stop_in_mid_stream(lane, table.slice(PART, PART))
    lane.submit(savepoint=carry_over(lane, savepoint, tmp_path / "two", shards=8))
    lane.await_scores(2 * PART)
    lane.send_with_labels(table.slice(2 * PART, PART // 2))
    savepoint = stop_in_mid_stream(lane, table.slice(2 * PART + PART // 2, PART // 2))
    lane.submit(savepoint=carry_over(lane, savepoint, tmp_path / "eight", shards=4, mode="process"))
    lane.send(table.slice(3 * PART))
    lane.await_scores(4 * PART)
    lane.await_records(lane.topics.inference, 4 * PART)

    scored = [item["transaction_id"] for item in lane.scores()]
    assert len(scored) == len(set(scored)) == 4 * PART, "each is scored once"
    code, found = consistency(model=model)
    assert (code, found["mismatching"], found["missing"], found["compared"]) == (0, 0, 0, 4 * PART)
    customer = table["customer_id"][0].as_py()
    assert command("state", "show", str(tmp_path / "eight"), customer).exit_code == 0
