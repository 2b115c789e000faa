"""The batch decoder agrees with the record codec, also on damaged records."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import UndecodableError
from schemas.registry import UnknownSchemaError
from tests.batches import LABELS, TRANSACTIONS
from tests.records import NOON_MS, label, transaction

texts = st.text(max_size=200)
longs = st.integers(-(2**63), 2**63 - 1)
# The range of datetime; longer Avro times are covered by the test of damaged bytes.
times = st.integers(NOON_MS - 10**9, NOON_MS + 10**9)
batches = {
    "transactions": (
        TRANSACTIONS,
        st.builds(
            transaction,
            number=st.integers(0, 100),
            merchant_id=texts,
            merchant_category=texts,
            device_id=st.none() | texts,
            amount_minor=longs,
            latitude=st.none() | st.floats(),
        ),
    ),
    "labels": (
        LABELS,
        st.builds(
            label,
            number=st.integers(0, 100),
            merchant_id=texts,
            amount_minor=longs,
            is_fraud=st.booleans(),
            event_time=times,
            label_time=times,
        ),
    ),
}
each_kind = pytest.mark.parametrize(("kind", "records"), batches.values(), ids=batches)


def mutate(payload, changes, cut):
    changed = bytearray(payload)
    for index, value in changes:
        changed[index % len(changed)] = value
    return bytes(changed[: len(changed) - cut])


def decodable(kind, payload):
    try:
        kind.codec.decode(payload)
    except (UndecodableError, UnknownSchemaError):
        return False
    return True


@each_kind
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_batch_decoder_agrees_with_the_record_codec(kind, records, data):
    batch = data.draw(st.lists(records, min_size=1, max_size=8))
    decoded = kind.decode(batch)
    bad = {item.row for item in decoded.rejections}
    payloads = [kind.codec.encode(record) for record in batch]
    expected = [kind.codec.decode(payload) for row, payload in enumerate(payloads) if row not in bad]
    assert decoded.records.to_pylist() == expected


@each_kind
@given(
    data=st.data(),
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 12),
)
@settings(max_examples=250, deadline=None)
def test_damaged_record_never_affects_the_others(kind, records, data, changes, cut):
    batch = data.draw(st.lists(records, min_size=1, max_size=5))
    payload = mutate(kind.codec.encode(batch[0]), changes, cut)
    decoded = kind.decode(batch, {0: lambda _: payload})
    alone = [kind.decode([record], {0: lambda _: payload} if row == 0 else None) for row, record in enumerate(batch)]
    decoded.records.validate(full=True)
    assert [item.row for item in decoded.rejections] == [row for row, one in enumerate(alone) if one.rejections]
    if not decodable(kind, payload):
        assert decoded.rejections[0].row == 0
