import numpy as np
import pyarrow as pa
import pytest

from fraudstream.archive.archive_folder import ArchiveFolder, archive_table
from fraudstream.archive.inference_samples import read_archived
from fraudstream.system.failures import NotReady
from models.features.table import FEATURE_NAMES
from schemas.columns import INFERENCE_ARROW
from tests.records import NOON
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


def test_empty_archive_gives_an_empty_sample(tmp_path):
    with ArchiveFolder(tmp_path, "inference"):
        pass
    assert len(read_archived(tmp_path, artifact().manifest).sample) == 0


def test_folder_that_is_no_archive_is_refused(tmp_path):
    with pytest.raises(NotReady, match="fraudstream archive --out"):
        read_archived(tmp_path, artifact().manifest)
