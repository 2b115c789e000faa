"""Inference log of a real job, archived and recomputed."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from fraudstream.system.failures import NotReady
from jobs.shards import SHARD_KEYS
from models.features.entity import ENTITIES
from models.scoring.recorded_sequences import transaction_keys
from producers.encoding import encode_transactions
from schemas.avro_schemas import INFERENCE
from schemas.registry import FileRegistry
from tests.integration.expected import card_world
from tests.unit.training.histories import artifact_folder

pytestmark = pytest.mark.integration

ROWS, RACING = 3_000, 20_000
SHARE = 0.2


def command(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments))


def consistency(*arguments: str) -> tuple[int, dict]:
    done = command("verify", "--model", str(artifact_folder()), *arguments)
    assert done.output, done.exception
    return done.exit_code, json.loads(done.output.splitlines()[-1])


@pytest.mark.parametrize("mode", ["thread", "process"])
def test_what_the_job_logged_is_what_its_topics_give_again(open_lane, point_at, tmp_path, mode):
    lane = open_lane(model=artifact_folder(), mode=mode, feature_log_share=1)
    point_at(lane)
    # Every tenth under a wrong key is a dead letter: it has no part in the history.
    good = [number for number in range(ROWS) if number % 10 != 5]
    records = [
        (b"nobody" if number % 10 == 5 else key, value)
        for number, (key, value) in enumerate(encode_transactions(card_world(ROWS), FileRegistry(), "t-value"))
    ]
    places = lane.send_raw(records)
    lane.submit()
    lane.await_scores(len(good))
    lane.await_records(lane.topics.inference, len(good))

    logged = lane._read(INFERENCE, lane.topics.inference)
    ids = card_world(ROWS)["transaction_id"].to_pylist()
    assert {item["transaction_id"]: (item["partition"], item["offset"]) for item in logged} == {
        ids[number]: places[number] for number in good
    }
    assert {item["shard"] for item in logged} == set(SHARD_KEYS[lane.settings.job.shards])

    code, found = consistency()
    assert (code, found["consistent"], found["compared"]) == (0, True, len(good))

    archive = tmp_path / "archive"
    assert command("archive", "--out", str(archive)).exit_code == 0
    code, found = consistency("--archive", str(archive), "--json")
    assert (code, found["compared"]) == (0, len(good))
    change_one_value(archive, "mean_7d")
    code, found = consistency("--archive", str(archive))
    assert (code, found["mismatching"], list(found["differences"])) == (1, 1, ["mean_7d"])
    change_one_value(archive, "merchant_customers_7d")
    assert consistency("--archive", str(archive))[1]["mismatching"] == 1


def test_labels_that_race_with_transactions_are_known_by_their_offsets(open_lane, point_at):
    """Sent as fast as the broker takes them, labels come by the thousand, with transactions between the batches."""
    lane, table = open_lane(model=artifact_folder(), feature_log_share=1, batch_ms=5), card_world(RACING)
    point_at(lane)
    lane.submit()
    lane.send_with_labels(table)
    lane.await_scores(RACING)
    lane.await_records(lane.topics.inference, RACING)
    assert len({tuple(item["label_offsets"]) for item in lane.scores()}) > 2, "no transaction came between labels"

    code, found = consistency()
    assert (code, found["mismatching"], found["compared"]) == (0, 0, RACING)


def test_where_a_share_is_logged_entities_are_replayed_by_the_scores(open_lane, point_at):
    """Also after a restart that scores some transactions again, the entities' events having other numbers."""
    lane, table = open_lane(model=artifact_folder(), feature_log_share=SHARE), card_world(RACING)
    point_at(lane)
    lane.submit()
    with lane.trickling(table):
        lane.submit(savepoint=lane.cancel_after_checkpoint())
    lane.await_scores(RACING)
    hashes = transaction_keys(table.select(["customer_id", "transaction_id"]).combine_chunks().to_batches()[0])
    logged = int((hashes / 2**64 < SHARE).sum())
    lane.await_records(lane.topics.inference, logged)

    code, found = consistency()
    assert (code, found["mismatching"], found["missing"], found["compared"]) == (0, 0, 0, logged)
    assert (found["unrecorded"], found["entities_uncertain"]) == (0, {})

    lane.delete_records(lane.topics.scores)
    code, found = consistency()
    assert (code, found["mismatching"], found["compared"]) == (0, 0, logged)
    assert found["unrecorded"] == RACING - logged
    assert found["entities_uncertain"].keys() == {entity.name for entity in ENTITIES}


def change_one_value(archive: Path, column: str) -> None:
    file = sorted(archive.glob("date=*/*.parquet"))[-1]
    table = pq.ParquetFile(file).read()
    values = table[column].to_numpy().copy()
    values[-1] += 0.5
    pq.write_table(table.set_column(table.schema.get_field_index(column), column, pa.array(values)), file)


def test_nothing_logged_is_told(open_lane, point_at, tmp_path):
    point_at(open_lane(model=artifact_folder()))
    for arguments in ([], ["--archive", str(tmp_path)]):
        done = command("verify", "--model", str(artifact_folder()), *arguments)
        assert isinstance(done.exception, NotReady)
