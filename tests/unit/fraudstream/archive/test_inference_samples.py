"""Inference samples from the archive."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fraudstream.archive.archive_folder import ArchiveFolder, archive_table, archived_files
from fraudstream.archive.inference_samples import read_archived
from fraudstream.system.failures import NotReady
from models.features.table import FEATURE_NAMES
from schemas.columns import INFERENCE_ARROW
from schemas.position import offset_of
from tests.records import NOON
from tests.unit.scoring.former_artifacts import WIDTH, former_artifact
from tests.unit.training.histories import artifact


def table(partition, first, *rows):
    manifest = artifact().manifest
    records = [
        {
            "transaction_id": f"t{row['offset']}", "customer_id": "c", "merchant_id": "m", "amount_minor": 5,
            "event_time": NOON, "scored_at": NOON, "score": 0.25, "decision": "REVIEW", "model_id": manifest.model_id,
            "feature_spec_hash": manifest.feature_spec_hash, "shard": 4, "partition": 1, "label_offsets": [],
            "features": [float(first + number)] * len(FEATURE_NAMES), **row,
        }
        for number, row in enumerate(rows)
    ]  # fmt: skip
    batch = pa.RecordBatch.from_pylist(records, schema=INFERENCE_ARROW)
    return archive_table(batch, [(partition, first + number) for number in range(len(rows))])


def test_last_row_of_a_position_counts_and_other_models_are_left_out(tmp_path):
    with ArchiveFolder(tmp_path, "inference") as folder:
        folder.write(table(0, 0, {"offset": 1}, {"offset": 2}, {"offset": 3, "model_id": "another"}), {0: 3})
        folder.write(table(0, 3, {"offset": 2, "label_offsets": [4, 5]}, {"offset": 4}), {0: 5})
    logged = read_archived(tmp_path, artifact().manifest)
    assert (logged.repeated, logged.other_models) == (1, 1)
    assert logged.sample.transactions == ["t1", "t2", "t4"]
    assert logged.sample.x[:, 0].tolist() == [0, 3, 4]
    assert logged.sample.label_offsets.tolist() == [[0, 0], [4, 5], [0, 0]]
    assert logged.sample.x.dtype == np.float32


def test_of_a_place_logged_again_by_another_model_no_row_of_the_first_is_left(tmp_path):
    with ArchiveFolder(tmp_path, "inference") as folder:
        folder.write(table(0, 0, {"offset": 1}, {"offset": 2}, {"offset": 1, "model_id": "another"}), {0: 3})
    logged = read_archived(tmp_path, artifact().manifest)
    assert logged.sample.transactions == ["t2"]
    assert (logged.repeated, logged.other_models) == (1, 1)


def test_sequence_numbers_are_those_of_the_last_record_of_each_place_whichever_model_it_is_of(tmp_path):
    another = {"model_id": "another", "feature_spec_hash": "other"}
    with ArchiveFolder(tmp_path, "inference") as folder:
        rows = [
            {"offset": 1, "entity_sequences": [4, -1]},
            {"offset": 2, "entity_sequences": [5, 9], **another},
            {"offset": 1, "entity_sequences": [6, 7]},
            {"offset": 3, "entity_sequences": []},
        ]
        folder.write(table(0, 0, *rows), {0: 4})
    found = read_archived(tmp_path, artifact().manifest).sequences
    assert offset_of(found.positions).tolist() == [2, 1, 3]
    assert found.numbers.tolist() == [[5, 9], [6, 7], [-1, -1]]


def test_archive_of_a_version_without_sequence_numbers_is_read(tmp_path):
    with ArchiveFolder(tmp_path, "inference") as folder:
        folder.write(table(0, 0, {"offset": 1}), {0: 1})
        folder.write(table(0, 1, {"offset": 2, "entity_sequences": [3, 4]}), {0: 2})
    first = archived_files(tmp_path)[0]
    pq.write_table(pq.ParquetFile(first).read().drop_columns(["entity_sequences"]), first)
    logged = read_archived(tmp_path, artifact().manifest)
    assert logged.sequences.numbers.tolist() == [[-1, -1], [3, 4]]


def test_features_that_an_earlier_version_did_not_log_are_nan(tmp_path):
    former = former_artifact().manifest
    own = {"model_id": former.model_id, "feature_spec_hash": former.feature_spec_hash}
    with ArchiveFolder(tmp_path, "inference") as folder:
        then = table(0, 0, {"offset": 1, **own, "features": [1.0] * WIDTH})
        now = table(0, 1, {"offset": 2, **own, "features": [2.0] * len(FEATURE_NAMES)})
        folder.write(pa.concat_tables([then, now]), {0: 2})
    x = read_archived(tmp_path, former).sample.x
    assert x.shape == (2, len(FEATURE_NAMES))
    assert np.isnan(x[0, WIDTH:]).all()
    assert (x[0, :WIDTH] == 1).all()
    assert (x[1] == 2).all()


def test_empty_archive_gives_an_empty_sample(tmp_path):
    with ArchiveFolder(tmp_path, "inference"):
        pass
    assert len(read_archived(tmp_path, artifact().manifest).sample) == 0


def test_folder_that_is_no_archive_is_refused(tmp_path):
    with pytest.raises(NotReady, match="fraudstream archive --out"):
        read_archived(tmp_path, artifact().manifest)
