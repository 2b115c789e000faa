"""The job accepts every request that the API accepts: a dead letter would never get an answer."""

from datetime import UTC, datetime

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from fraudstream.api.transaction import EXAMPLE, LIMITS, Transaction
from schemas.avro_schemas import TRANSACTION
from schemas.codec import RecordCodec
from schemas.registry import FileRegistry
from schemas.transaction_batch import TransactionBatchDecoder

NOW_MS = 1_795_600_000_000
CODEC = RecordCodec(TRANSACTION, "t-value", FileRegistry())
DECODER = TransactionBatchDecoder("t-value", FileRegistry(), LIMITS)

texts = st.text(max_size=300) | st.text(alphabet="ä\ufeff\ufffe\ufffd𝄞", max_size=140)
degrees = st.none() | st.floats() | st.sampled_from([-180.0, -90.0, 90.0, 90.00000001, 180.0])
times = st.datetimes(datetime(1969, 12, 31), datetime(2026, 11, 26), timezones=st.just(UTC))  # noqa: DTZ001
AMOUNTS = [0, LIMITS.max_amount_minor, LIMITS.max_amount_minor + 1, LIMITS.greatest_max_amount_minor]
bodies = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            ("transaction_id", "customer_id", "merchant_id", "merchant_category", "transaction_type"), texts
        ),
        "currency": texts | st.sampled_from(["EUR", "JPY", "IDR"]),
        "device_id": st.none() | texts,
        "amount_minor": st.integers(-1, 2**63) | st.sampled_from(AMOUNTS),
        "latitude": degrees,
        "longitude": degrees,
        "event_time": times.map(datetime.isoformat),
    },
)


@settings(max_examples=200, deadline=None)
@given(st.lists(bodies, min_size=1, max_size=5))
def test_job_accepts_every_request_that_the_api_accepts(changes):
    accepted = []
    for change in changes:
        try:
            accepted.append(Transaction.model_validate(EXAMPLE | change))
        except ValidationError:
            continue
    payloads = [CODEC.encode(transaction.record()) for transaction in accepted]
    batch = DECODER.decode(
        [transaction.customer_id for transaction in accepted], payloads, np.full(len(accepted), NOW_MS, np.int64)
    )
    assert batch.rejections == []
    assert batch.records.column("transaction_id").to_pylist() == [t.transaction_id for t in accepted]
