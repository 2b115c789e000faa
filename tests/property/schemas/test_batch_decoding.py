import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import UndecodableError
from schemas.registry import FileRegistry, UnknownSchemaError
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import Limits
from tests.records import NOON_MS, transaction, transaction_codec

CODEC = transaction_codec()
DECODER = TransactionBatchDecoder("fraud.transactions.v1-value", FileRegistry(), Limits())

texts = st.text(max_size=200)
records = st.builds(
    transaction,
    number=st.integers(0, 100),
    merchant_id=texts,
    merchant_category=texts,
    device_id=st.none() | texts,
    amount_minor=st.integers(-(2**63), 2**63 - 1),
    latitude=st.none() | st.floats(),
)


def mutate(payload, changes, cut):
    changed = bytearray(payload)
    for place, value in changes:
        changed[place % len(changed)] = value
    return bytes(changed[: len(changed) - cut])


def decodable(payload):
    try:
        CODEC.decode(payload)
    except (UndecodableError, UnknownSchemaError):
        return False
    return True


def decode(payloads, keys):
    return DECODER.decode(keys, payloads, np.full(len(payloads), NOON_MS))


@given(st.lists(records, min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_batch_decoder_agrees_with_the_record_codec(batch):
    payloads = [CODEC.encode(record) for record in batch]
    decoded = decode(payloads, [record["customer_id"] for record in batch])
    bad = {item.row for item in decoded.rejections}
    expected = [CODEC.decode(payload) for row, payload in enumerate(payloads) if row not in bad]
    assert decoded.records.to_pylist() == expected


@given(
    st.lists(records, min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4),
    st.integers(0, 12),
)
@settings(max_examples=250, deadline=None)
def test_damaged_record_never_harms_the_others(batch, changes, cut):
    payloads = [CODEC.encode(record) for record in batch]
    payloads[0] = mutate(payloads[0], changes, cut)
    keys = [record["customer_id"] for record in batch]
    decoded = decode(payloads, keys)
    alone = [decode([payload], [key]) for payload, key in zip(payloads, keys, strict=True)]
    decoded.records.validate(full=True)
    assert [item.row for item in decoded.rejections] == [row for row, one in enumerate(alone) if one.rejections]
    if not decodable(payloads[0]):
        assert decoded.rejections[0].row == 0
