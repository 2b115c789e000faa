from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyruhvro

from schemas.arrow_buffers import string_bytes, string_offsets
from schemas.avro_schemas import TRANSACTION, schema_text
from schemas.batch_checks import encoded_bytes, keeps_limits
from schemas.codec import RecordCodec, TrailingBytesError, UndecodableError
from schemas.columns import EVENT_TIME, STRING_COLUMNS, TRANSACTION_ARROW
from schemas.framing import HEADER_BYTES, header
from schemas.registry import SchemaRegistry, UnknownSchemaError
from schemas.rejection import Reason, Rejection
from schemas.transaction_columns import TransactionColumns
from schemas.validation import MAX_ID_BYTES, Arrival, Limits, reject

_EVENT_TIME = TRANSACTION_ARROW.get_field_index("event_time")


@dataclass(frozen=True)
class DecodedBatch:
    """What a micro-batch held.

    Attributes
    ----------
    records : pyarrow.RecordBatch
        The good transactions in the batch's order, columns of TRANSACTION_ARROW.
    rejections : list of Rejection
        The others, in the batch's order.
    """

    records: pa.RecordBatch
    rejections: list[Rejection]


class TransactionBatchDecoder:
    """Decodes a micro-batch of framed transactions into columns, and sets the bad ones aside.

    The whole batch is decoded at once where every record has the current schema and nothing is
    wrong; else each record is decoded by itself, so that one bad record costs the others nothing.
    """

    def __init__(self, subject: str, registry: SchemaRegistry, limits: Limits) -> None:
        self._codec = RecordCodec(TRANSACTION, subject, registry)
        self._header = header(self._codec.schema_id)
        self._schema = schema_text(TRANSACTION)
        self._limits = limits

    def decode(
        self, keys: Sequence[str | None], payloads: Sequence[bytes], kafka_time_ms: npt.NDArray[np.int64]
    ) -> DecodedBatch:
        """Decode n records.

        Parameters
        ----------
        keys : sequence of str or None
            The record keys, which should be the customer ids.
        payloads : sequence of bytes
            The record values.
        kafka_time_ms : (n,) int64
            The record timestamps.
        """
        together = self._decode_together(payloads)
        undecodable: list[Rejection] = []
        good = np.arange(len(payloads))
        if together is not None:
            records, columns = together
            if _are_customers(records, keys) and self._keep_limits(columns, kafka_time_ms):
                return DecodedBatch(records, [])
        else:
            records, undecodable = self._decode_one_by_one(payloads)
            good = _others(len(payloads), undecodable)
            keys, kafka_time_ms = [keys[row] for row in good], kafka_time_ms[good]
        broken = reject(Arrival(records, keys, kafka_time_ms), self._limits)
        if broken:
            records = records.take(pa.array(_others(len(records), broken)))
        placed = [Rejection(int(good[item.row]), item.reason, item.detail) for item in broken]
        return DecodedBatch(records, sorted(undecodable + placed, key=lambda item: item.row))

    def _keep_limits(self, columns: TransactionColumns, kafka_time_ms: npt.NDArray[np.int64]) -> bool:
        return keeps_limits(
            columns,
            kafka_time_ms,
            max_id_bytes=MAX_ID_BYTES,
            max_amount_minor=self._limits.max_amount_minor,
            max_ahead_ms=self._limits.max_ahead_ms,
        )

    def _decode_together(self, payloads: Sequence[bytes]) -> tuple[pa.RecordBatch, TransactionColumns] | None:
        mark = self._header
        if not all([payload.startswith(mark) for payload in payloads]):  # noqa: C419  (half the time of a generator)
            return None
        bodies = [payload[HEADER_BYTES:] for payload in payloads]
        try:
            batch = pyruhvro.deserialize_array(bodies, self._schema)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            return None
        # The decoder does not see bytes that follow a record. No encoding of a record is shorter than the
        # canonical one, so the total is equal only if every record ends where its payload does.
        columns = TransactionColumns.of(batch)
        if encoded_bytes(columns) != sum(map(len, bodies)) or not _is_utf8(batch):
            return None
        return _canonical(batch), columns

    def _decode_one_by_one(self, payloads: Sequence[bytes]) -> tuple[pa.RecordBatch, list[Rejection]]:
        records, rejections = [], []
        for row, payload in enumerate(payloads):
            try:
                records.append(self._codec.decode(payload))
            except UnknownSchemaError as error:
                rejections.append(Rejection(row, Reason.UNKNOWN_SCHEMA, str(error)))
            except TrailingBytesError as error:
                rejections.append(Rejection(row, Reason.TRAILING_BYTES, str(error)))
            except UndecodableError as error:
                rejections.append(Rejection(row, Reason.UNDECODABLE, str(error)))
        return pa.RecordBatch.from_pylist(records, schema=TRANSACTION_ARROW), rejections


def _are_customers(records: pa.RecordBatch, keys: Sequence[str | None]) -> bool:
    customers = records.column("customer_id")
    try:
        joined = "".join(keys)  # type: ignore[arg-type]
    except TypeError:
        return False  # a null key
    # Texts joined are equal and their lengths are: so each is equal. Lengths in bytes are those in characters for
    # ASCII; other keys are compared row by row.
    if not joined.isascii() or joined.encode() != string_bytes(customers):
        return False
    lengths: list[int] = np.diff(string_offsets(customers)).tolist()
    return lengths == [len(key) for key in keys if key is not None]


def _is_utf8(batch: pa.RecordBatch) -> bool:
    # The decoder takes any bytes as text. Most text is ASCII, and that is checked in a moment.
    if all(string_bytes(batch.column(place)).isascii() for place in STRING_COLUMNS):
        return True
    try:
        batch.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _canonical(batch: pa.RecordBatch) -> pa.RecordBatch:
    # Avro's timestamp-millis is UTC by definition; the decoder leaves the zone off.
    return batch.set_column(_EVENT_TIME, TRANSACTION_ARROW[_EVENT_TIME], batch.column(_EVENT_TIME).view(EVENT_TIME))


def _others(count: int, rejections: list[Rejection]) -> npt.NDArray[np.int64]:
    keep = np.ones(count, dtype=bool)
    keep[[item.row for item in rejections]] = False
    return np.flatnonzero(keep)
