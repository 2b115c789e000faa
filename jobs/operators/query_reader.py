"""Feature queries as the transactions that they ask about."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from jobs.job_config import JobConfig
from jobs.operators.settled import NOT_OF_DATA
from schemas.avro_schemas import FEATURE_QUERY
from schemas.codec import RecordCodec
from schemas.columns import TRANSACTION_ARROW
from schemas.declaration.with_declared import with_declared
from schemas.registry import SchemaRegistry, value_subject
from schemas.validation import TRANSACTION_CHECKS, Arrival, reject


class QueryReader:
    """Decoder of feature queries; one that can't be decoded or breaks a transaction's limits is left out.

    Parameters
    ----------
    config : JobConfig
    registry : SchemaRegistry
    check : callable of pyarrow.RecordBatch
        Further check, which must not raise for a transaction.
    """

    def __init__(self, config: JobConfig, registry: SchemaRegistry, check: Callable[[pa.RecordBatch], object]) -> None:
        self._check = check
        self._queries = RecordCodec(FEATURE_QUERY, value_subject(config.topics.queries), registry)
        self._limits = config.limits
        self._columns = with_declared(TRANSACTION_ARROW, config.declared)

    def read(self, keys: Sequence[str | None], payloads: Sequence[bytes], now_ms: int) -> pa.RecordBatch:
        """Return the transactions of the queries; their ids are the queries', and declared columns have no values."""
        found = [self._read(key, payload, now_ms) for key, payload in zip(keys, payloads, strict=True)]
        return pa.RecordBatch.from_pylist([item for item in found if item is not None], schema=self._columns)

    def _read(self, key: str | None, payload: bytes, now_ms: int) -> dict[str, Any] | None:
        if len(payload) > self._limits.max_record_bytes:
            return None
        try:
            query = self._queries.decode(payload)
            transaction = {**query, "transaction_id": query["query_id"]}
            record = pa.RecordBatch.from_pylist([transaction], schema=TRANSACTION_ARROW)
            refused = reject(Arrival(record, [key], np.array([now_ms])), self._limits, TRANSACTION_CHECKS)
            self._check(pa.RecordBatch.from_pylist([transaction], schema=self._columns))
        except NOT_OF_DATA:
            raise
        except Exception:
            # Any error leaves the query without an answer: nothing of the stream is lost by that.
            return None
        return None if refused else transaction
