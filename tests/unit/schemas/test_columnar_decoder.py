"""Decoding of records into columns."""

import io

import fastavro
import numpy as np

from schemas.avro_schemas import INFERENCE, parsed_schema
from schemas.codec import RecordCodec
from schemas.columnar_decoder import ColumnarDecoder
from schemas.columns import INFERENCE_ARROW
from schemas.framing import header
from schemas.registry import FileRegistry
from tests.records import NOON

BEFORE_ENTITIES = 9
"""Id of the version without entities."""

RECORD = {
    "transaction_id": "t", "customer_id": "c", "merchant_id": "m", "amount_minor": 5, "event_time": NOON,
    "scored_at": NOON, "score": 0.25, "decision": "REVIEW", "model_id": "model", "feature_spec_hash": "hash",
    "shard": 4, "partition": 1, "offset": 2**40, "label_offsets": [1, 2], "features": [0.1, -1.0],
    "entity_sequences": [7, -1], "entity_label_offsets": [5, 0, 6, 0],
}  # fmt: skip
CODEC = RecordCodec(INFERENCE, "i-value", FileRegistry())
DECODER = ColumnarDecoder(INFERENCE, INFERENCE_ARROW, "i-value", FileRegistry())


def payloads(count):
    return [CODEC.encode({**RECORD, "transaction_id": f"t{number}"}) for number in range(count)]


def test_records_come_in_the_canonical_columns():
    records, bad = DECODER.decode(payloads(5))
    assert (bad, records.schema) == ([], INFERENCE_ARROW)
    first = records.to_pylist()[0]
    assert first == {**RECORD, "transaction_id": "t0", "features": np.float32([0.1, -1.0]).tolist()}


def test_bad_records_cost_the_others_nothing():
    good = payloads(4)
    records, bad = DECODER.decode([good[0], b"poison", good[1], good[2][:-9], b"", good[3]])
    assert bad == [1, 3, 4]
    assert records.column("transaction_id").to_pylist() == ["t0", "t1", "t3"]
    assert records.schema == INFERENCE_ARROW


def test_record_of_a_version_before_entities_has_no_sequence_numbers():
    body = io.BytesIO()
    fastavro.schemaless_writer(body, parsed_schema("inference_v1"), RECORD)
    records, bad = DECODER.decode([header(BEFORE_ENTITIES) + body.getvalue(), *payloads(1)])
    assert bad == []
    assert records.column("entity_sequences").to_pylist() == [[], [7, -1]]
    assert records.column("entity_label_offsets").to_pylist() == [[], [5, 0, 6, 0]]


def test_nothing_decodes_to_nothing():
    records, bad = DECODER.decode([])
    assert (len(records), bad) == (0, [])
