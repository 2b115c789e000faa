import numpy as np

from schemas.avro_schemas import INFERENCE
from schemas.codec import RecordCodec
from schemas.columns import INFERENCE_ARROW
from schemas.inference_decoder import InferenceDecoder
from schemas.registry import FileRegistry
from tests.records import NOON

RECORD = {
    "transaction_id": "t", "customer_id": "c", "merchant_id": "m", "amount_minor": 5, "event_time": NOON,
    "scored_at": NOON, "score": 0.25, "decision": "REVIEW", "model_id": "model", "feature_spec_hash": "hash",
    "shard": 4, "partition": 1, "offset": 2**40, "label_offsets": [1, 2], "features": [0.1, -1.0],
}  # fmt: skip
CODEC = RecordCodec(INFERENCE, "i-value", FileRegistry())
DECODER = InferenceDecoder("i-value", FileRegistry())


def payloads(count):
    return [CODEC.encode({**RECORD, "transaction_id": f"t{number}"}) for number in range(count)]


def test_records_are_decoded_to_canonical_columns():
    records, invalid = DECODER.decode(payloads(5))
    assert (invalid, records.schema) == ([], INFERENCE_ARROW)
    first = records.to_pylist()[0]
    assert first == {**RECORD, "transaction_id": "t0", "features": np.float32([0.1, -1.0]).tolist()}


def test_invalid_records_leave_the_others_unaffected():
    good = payloads(4)
    records, invalid = DECODER.decode([good[0], b"poison", good[1], good[2][:-9], b"", good[3]])
    assert invalid == [1, 3, 4]
    assert records.column("transaction_id").to_pylist() == ["t0", "t1", "t3"]
    assert records.schema == INFERENCE_ARROW


def test_empty_batch_decodes_to_no_rows():
    records, invalid = DECODER.decode([])
    assert (len(records), invalid) == (0, [])
