from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from jobs.operators.plain_records import PLAIN_MS
from jobs.operators.settled import internal, settled
from schemas.batch_decoder import BatchDecoder, DecodedBatch
from schemas.rejection import Reason, Rejection


class GuardedDecoder:
    """A decoder that no record makes fail: one that does is set aside as INTERNAL, and the rest is decoded.

    Parameters
    ----------
    decoder : BatchDecoder
    plain : str and bytes
        Key and payload of a record that nothing is wrong with: where it fails too, none is at fault.
    check : callable of pyarrow.RecordBatch, optional
        What else must not raise for the decoded records.
    """

    def __init__(
        self,
        decoder: BatchDecoder[Any],
        plain: tuple[str, bytes],
        check: Callable[[pa.RecordBatch], object] = lambda _records: None,
    ) -> None:
        self._decoder, self._plain, self._check = decoder, plain, check

    def decode(
        self, keys: Sequence[str | None], payloads: Sequence[bytes], kafka_time_ms: npt.NDArray[np.int64]
    ) -> DecodedBatch:
        """Decode n records, see `BatchDecoder.decode`.

        Raises
        ------
        Exception
            What a record raised, where a plain one fails too.
        """

        def attempt(rows: slice) -> DecodedBatch:
            batch = self._decoder.decode(keys[rows], payloads[rows], kafka_time_ms[rows])
            self._check(batch.records)
            return batch

        outcomes = list(settled(len(keys), attempt, lambda _rows: None))
        (_, first), *others = outcomes
        if not others and isinstance(first, DecodedBatch):
            return first
        if all(isinstance(outcome, Exception) for _, outcome in outcomes):
            self._require_plain(cast("Exception", first))
        return _joined(outcomes, self._decoder.decode([], [], np.empty(0, np.int64)).records)

    def _require_plain(self, cause: Exception) -> None:
        key, payload = self._plain
        try:
            self._check(self._decoder.decode([key], [payload], np.array([PLAIN_MS])).records)
        except Exception:
            raise cause from None


def _joined(outcomes: Sequence[tuple[slice, DecodedBatch | Exception]], nothing: pa.RecordBatch) -> DecodedBatch:
    parts, rejections = [nothing], []
    for rows, outcome in outcomes:
        if isinstance(outcome, Exception):
            rejections.append(Rejection(rows.start, Reason.INTERNAL, internal(outcome)))
            continue
        if len(outcome.records):
            parts.append(outcome.records)
        rejections += [Rejection(rows.start + item.row, item.reason, item.detail) for item in outcome.rejections]
    table = pa.Table.from_batches([part.cast(parts[-1].schema) for part in parts]).combine_chunks()
    records = table.to_batches()[0] if len(table) else nothing
    return DecodedBatch(records, rejections)
