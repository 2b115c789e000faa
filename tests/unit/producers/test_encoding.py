"""Encoding of tables into records."""

import pytest

from producers.encoding import encode_labels, encode_transactions
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.avro_schemas import LABEL, TRANSACTION
from schemas.codec import RecordCodec
from schemas.open_registry import open_registry
from schemas.registry import value_subject

SUBJECT = value_subject("some.topic")


@pytest.fixture(scope="module")
def small():
    return simulate(SimulationConfig(seed=8, customers=50, merchants=100, days=20))


@pytest.mark.parametrize(("encode", "kind"), [(encode_transactions, TRANSACTION), (encode_labels, LABEL)])
def test_bytes_equal_those_of_the_record_codec(small, encode, kind):
    registry = open_registry(None)
    codec = RecordCodec(kind, SUBJECT, registry)
    rows = small.to_pylist()
    records = list(encode(small, registry, SUBJECT))
    assert [value for _, value in records] == [codec.encode(row) for row in rows]
    assert [key.decode() for key, _ in records] == [row["customer_id"] for row in rows]


def test_small_batches_change_no_record(small):
    registry = open_registry(None)
    whole = list(encode_transactions(small, registry, SUBJECT))
    assert list(encode_transactions(small, registry, SUBJECT, rows_at_once=7)) == whole
