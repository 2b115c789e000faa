"""Sampling of the inference log."""

import numpy as np
import pyarrow as pa
import pytest

from jobs.operators.inference_log import InferenceLog
from models.scoring.history_scorer import HistoryScorer
from schemas.avro_schemas import INFERENCE
from schemas.codec import RecordCodec
from schemas.columns import TRANSACTION_ARROW
from schemas.position import position
from schemas.registry import FileRegistry
from tests.records import NOON_MS, transaction
from tests.unit.jobs.job_configs import job_config
from tests.unit.training.histories import artifact

ROWS = 2_000
RECORDS = pa.RecordBatch.from_pylist([transaction(number) for number in range(ROWS)], schema=TRANSACTION_ARROW)
POSITIONS = np.array([position(3, 10 * number, generation=2) for number in range(ROWS)])


@pytest.fixture(scope="module")
def scored():
    return HistoryScorer(artifact()).score(RECORDS)


def logged(scored, share):
    log = InferenceLog(job_config(feature_log_share=share), artifact().manifest, FileRegistry())
    return [*log.sample(RECORDS, scored, POSITIONS, 4, (5, 6), NOON_MS)]


def ids(batches):
    codec = RecordCodec(INFERENCE, "fraud.inference.v1-value", FileRegistry())
    return [codec.decode(payload)["transaction_id"] for _, _, payloads in batches for payload in payloads]


def test_share_of_one_logs_each_transaction_as_it_was_scored(scored):
    batches = logged(scored, 1)
    keys, payloads = [[item for batch in batches for item in batch[index]] for index in (1, 2)]
    assert {topic for topic, _, _ in batches} == {"fraud.inference.v1"}
    assert keys == scored.customers
    codec = RecordCodec(INFERENCE, "fraud.inference.v1-value", FileRegistry())
    for row in (0, ROWS - 1):
        record = codec.decode(payloads[row])
        assert record["transaction_id"] == transaction(row)["transaction_id"]
        assert np.array(record["features"], np.float32).tobytes() == scored.x[row].tobytes()
        assert (record["shard"], record["partition"], record["offset"]) == (4, 3, 10 * row)
        assert record["label_offsets"] == [5, 6]
        assert record["entity_label_offsets"] == scored.entity_label_offsets[row].tolist()
        assert record["entity_sequences"] == scored.entity_sequences[row].tolist()
        assert np.float32(record["score"]) == scored.scores[row]
    assert scored.entity_sequences[[0, ROWS - 1]].tolist() == [[0, -1], [2998, 2999]]


def test_share_of_zero_logs_nothing(scored):
    assert logged(scored, 0) == []


def test_sample_has_the_requested_share_and_is_part_of_a_larger_one(scored):
    tenth, half = ids(logged(scored, 0.1)), ids(logged(scored, 0.5))
    assert len(tenth) == pytest.approx(ROWS / 10, rel=0.3)
    assert len(half) == pytest.approx(ROWS / 2, rel=0.1)
    assert set(tenth) < set(half)


def test_sampling_depends_only_on_the_transaction(scored):
    turned = RECORDS.take(pa.array(np.arange(ROWS)[::-1].copy()))
    log = InferenceLog(job_config(feature_log_share=0.1), artifact().manifest, FileRegistry())
    again = log.sample(turned, HistoryScorer(artifact()).score(turned), POSITIONS, 2, (), NOON_MS)
    assert set(ids(again)) == set(ids(logged(scored, 0.1)))
