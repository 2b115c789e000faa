"""Inference log of a real job, archived and recomputed."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudstream.system.failures import NotReady
from jobs.shards import SHARD_KEYS
from models.features.entity import ENTITIES
from models.features.hashing import transaction_hashes
from models.scoring.artifact import Artifact
from producers.encoding import encode_transactions
from schemas.avro_schemas import INFERENCE
from schemas.registry import FileRegistry
from tests.integration.expected import Expected, card_world
from tests.integration.scoring_lane import Lane
from tests.integration.verify_command import command, consistency
from tests.unit.training.histories import artifact_folder, customer_folder

pytestmark = pytest.mark.integration

ROWS, RACING, SHARE = 3_000, 20_000, 0.2


def send_among_misfits(lane: Lane) -> tuple[pa.Table, list[tuple[int, int]]]:
    """Send the first transactions, every tenth under a wrong key: a dead letter has no part in the history.

    Returns the others, with the partition and the offset of each.
    """
    good = [number for number in range(ROWS) if number % 10 != 5]
    records = [
        (b"nobody" if number % 10 == 5 else key, value)
        for number, (key, value) in enumerate(encode_transactions(card_world(ROWS), FileRegistry(), "t-value"))
    ]
    places = lane.send_raw(records)
    return card_world(ROWS).take(good), [places[number] for number in good]


def assert_scored_and_logged(lane: Lane, table: pa.Table, places: list[tuple[int, int]], artifact: Artifact) -> None:
    """Each transaction has the score of the offline replay, and a record in the inference log that says where it is."""
    lane.await_scores(len(table))
    lane.await_records(lane.topics.inference, len(table))
    logged = lane._read(INFERENCE, lane.topics.inference)
    found = {item["transaction_id"]: (item["partition"], item["offset"]) for item in logged}
    assert found == dict(zip(table["transaction_id"].to_pylist(), places, strict=True))
    assert {item["shard"] for item in logged} == set(SHARD_KEYS[lane.settings.job.shards])
    scores = lane.scores()
    assert len(scores) == len(table)
    assert {item["transaction_id"]: item["score"] for item in scores} == Expected.of(table, artifact).scores


def test_scores_in_process_mode_are_those_of_the_replay_and_are_recomputed_from_the_topics(
    open_lane, artifact, point_at
):
    lane = open_lane(mode="process", shards=8, feature_log_share=1)
    point_at(lane)
    table, places = send_among_misfits(lane)
    lane.submit()
    assert_scored_and_logged(lane, table, places, artifact)
    code, found = consistency()
    assert (code, found["consistent"], found["compared"]) == (0, True, len(table))


def test_what_the_job_logged_is_recomputed_from_its_topics_though_labels_race_with_transactions(
    open_lane, artifact, point_at, tmp_path
):
    """Sent as fast as the broker accepts them, labels come by the thousand, with transactions between the batches."""
    lane = open_lane(feature_log_share=1, batch_ms=5)
    point_at(lane)
    table, places = send_among_misfits(lane)
    lane.submit()
    assert_scored_and_logged(lane, table, places, artifact)
    lane.send_with_labels(card_world(ROWS + RACING).slice(ROWS))
    total = len(table) + RACING
    lane.await_scores(total)
    lane.await_records(lane.topics.inference, total)
    assert len({tuple(item["label_offsets"]) for item in lane.scores()}) > 2, "no transaction came between labels"
    code, found = consistency()
    assert (code, found["mismatching"], found["compared"]) == (0, 0, total)

    archive = tmp_path / "archive"
    assert command("archive", "--out", str(archive)).exit_code == 0
    code, found = consistency("--archive", str(archive), "--json")
    assert (code, found["compared"]) == (0, total)
    change_one_value(archive, "amount_mean_7d")
    code, found = consistency("--archive", str(archive))
    assert (code, found["mismatching"], list(found["differences"])) == (1, 1, ["amount_mean_7d"])


@pytest.mark.parametrize("mode", ["thread", pytest.param("process", marks=pytest.mark.long)])
def test_where_a_share_is_logged_entities_are_replayed_by_the_scores(open_lane, point_at, mode):
    """Also after a restart that scores some transactions again, the entities' events having other numbers."""
    model, rows = artifact_folder(), RACING if mode == "thread" else ROWS
    lane, table = open_lane(model=model, mode=mode, feature_log_share=SHARE), card_world(rows)
    point_at(lane)
    lane.submit()
    with lane.trickling(table):
        lane.submit(savepoint=lane.cancel_after_checkpoint())
    lane.await_scores(rows)
    hashes = transaction_hashes(table.select(["customer_id", "transaction_id"]).combine_chunks().to_batches()[0])
    logged = int((hashes / 2**64 < SHARE).sum())
    lane.await_records(lane.topics.inference, logged)

    code, found = consistency(model=model)
    assert (code, found["mismatching"], found["missing"], found["compared"]) == (0, 0, 0, logged)
    assert (found["unrecorded"], found["entities_uncertain"]) == (0, {})

    lane.delete_records(lane.topics.scores)
    code, found = consistency(model=model)
    assert (code, found["mismatching"], found["compared"]) == (0, 0, logged)
    assert found["unrecorded"] == rows - logged
    assert found["entities_uncertain"].keys() == {entity.name for entity in ENTITIES}


def change_one_value(archive: Path, column: str) -> None:
    file = sorted(archive.glob("date=*/*.parquet"))[-1]
    table = pq.ParquetFile(file).read()
    values = table[column].to_numpy().copy()
    values[-1] += 0.5
    pq.write_table(table.set_column(table.schema.get_field_index(column), column, pa.array(values)), file)


def test_topics_without_logged_scores_are_reported(open_lane, point_at, tmp_path):
    point_at(open_lane())
    for arguments in ([], ["--archive", str(tmp_path)]):
        done = command("verify", "--model", str(customer_folder()), *arguments)
        assert isinstance(done.exception, NotReady)
