from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyruhvro

from schemas.arrow_buffers import string_bytes, string_offsets
from schemas.avro_schemas import schema_text
from schemas.codec import RecordCodec, TrailingBytesError, UndecodableError
from schemas.columns import EVENT_TIME
from schemas.framing import HEADER_BYTES, FramingError, header, schema_id_of
from schemas.registry import SchemaRegistry, UnknownSchemaError
from schemas.rejection import Reason, Rejection
from schemas.validation import Arrival, Check, Limits, reject
from schemas.writer_schema import WriterSchema

Columns = TypeVar("Columns")


@dataclass(frozen=True)
class DecodedBatch:
    """What a micro-batch held.

    Attributes
    ----------
    records : pyarrow.RecordBatch
        The good records in the batch's order, in the columns of their kind.
    rejections : list of Rejection
        The others, in the batch's order.
    """

    records: pa.RecordBatch
    rejections: list[Rejection]


@dataclass(frozen=True, kw_only=True)
class BatchKind(Generic[Columns]):
    """A kind of record that comes in micro-batches, keyed by customer.

    Attributes
    ----------
    name : str
        A file of `schemas/avro`.
    arrow : pyarrow.Schema
        Its fields as Arrow columns, in the same order.
    view : callable
        Gives NumPy views of a decoded batch, taken once for the two functions below.
    encoded_bytes : callable
        How many bytes the batch takes in Avro's canonical binary form, without headers.
    keeps_limits : callable
        Whether every record keeps every limit; says the same as `checks`, sooner.
    checks : tuple of Check
        What is looked into row by row when it does not.
    """

    name: str
    arrow: pa.Schema
    view: Callable[[pa.RecordBatch], Columns]
    encoded_bytes: Callable[[Columns], int]
    keeps_limits: Callable[[Columns, npt.NDArray[np.int64], Limits], bool]
    checks: tuple[Check, ...]


class BatchDecoder(Generic[Columns]):
    """Decodes a micro-batch of framed records into columns, and sets the bad ones aside.

    The whole batch is decoded at once where every record has the current schema and nothing is
    wrong; else the records of each writer's schema are, where that is simple and nothing is wrong with them;
    each of the others is decoded by itself, so that one bad record costs the others nothing.
    """

    def __init__(self, kind: BatchKind[Columns], subject: str, registry: SchemaRegistry, limits: Limits) -> None:
        self._kind = kind
        self._codec = RecordCodec(kind.name, subject, registry)
        self._header = header(self._codec.schema_id)
        self._schema = schema_text(kind.name)
        self._limits = limits
        self._registry = registry
        self._writer = lru_cache(maxsize=256)(self._writer_of)
        self._strings = [place for place, field in enumerate(kind.arrow) if field.type == pa.string()]
        self._times = [place for place, field in enumerate(kind.arrow) if field.type == EVENT_TIME]

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
        else:
            records, undecodable = self._decode_by_writer(payloads)
            good = _others(len(payloads), undecodable)
            keys, kafka_time_ms = [keys[row] for row in good], kafka_time_ms[good]
            if len(records) == 0:
                return DecodedBatch(records, undecodable)
            columns = self._kind.view(records)
        if _are_customers(records, keys) and self._kind.keeps_limits(columns, kafka_time_ms, self._limits):
            return DecodedBatch(records, undecodable)
        broken = reject(Arrival(records, keys, kafka_time_ms), self._limits, self._kind.checks)
        if broken:
            records = records.take(pa.array(_others(len(records), broken)))
        placed = [Rejection(int(good[item.row]), item.reason, item.detail) for item in broken]
        return DecodedBatch(records, sorted(undecodable + placed, key=lambda item: item.row))

    def _decode_together(self, payloads: Sequence[bytes]) -> tuple[pa.RecordBatch, Columns] | None:
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
        columns = self._kind.view(batch)
        if self._kind.encoded_bytes(columns) != sum(map(len, bodies)) or not self._is_utf8(batch):
            return None
        return self._canonical(batch), columns

    def _decode_by_writer(self, payloads: Sequence[bytes]) -> tuple[pa.RecordBatch, list[Rejection]]:
        """Decode the records of each writer's schema together, and those of which that can't be done one by one."""
        parts: list[tuple[list[int], pa.RecordBatch]] = []
        left: list[int] = []
        for mark, rows in _rows_by_header(payloads).items():
            whole = len(rows) == len(payloads) and mark == self._header  # tried already
            records = None if whole else self._decode_written(mark, [payloads[row] for row in rows])
            if records is None:
                left += rows
            else:
                parts.append((rows, records))
        left.sort()
        records, rejections = self._decode_one_by_one([payloads[row] for row in left])
        bad = {item.row for item in rejections}
        parts.append(([row for place, row in enumerate(left) if place not in bad], records))
        return _in_order(parts), [Rejection(left[item.row], item.reason, item.detail) for item in rejections]

    def _decode_written(self, mark: bytes, payloads: Sequence[bytes]) -> pa.RecordBatch | None:
        if mark == self._header:
            together = self._decode_together(payloads)
            return together and together[0]
        try:
            writer = self._writer(schema_id_of(mark))
        except (FramingError, UnknownSchemaError):
            return None
        records = writer and writer.decode([payload[HEADER_BYTES:] for payload in payloads])
        return records if records is not None and self._is_utf8(records) else None

    def _writer_of(self, schema_id: int) -> WriterSchema | None:
        return WriterSchema.of(self._registry.schema_for(schema_id), self._schema, self._kind.arrow)

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
        return pa.RecordBatch.from_pylist(records, schema=self._kind.arrow), rejections

    def _is_utf8(self, batch: pa.RecordBatch) -> bool:
        # The decoder takes any bytes as text. Most text is ASCII, and that is checked in a moment.
        if all(string_bytes(batch.column(place)).isascii() for place in self._strings):
            return True
        try:
            batch.validate(full=True)
        except pa.ArrowInvalid:
            return False
        return True

    def _canonical(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        # Avro's timestamp-millis is UTC by definition; the decoder leaves the zone off.
        for place in self._times:
            batch = batch.set_column(place, self._kind.arrow[place], batch.column(place).view(EVENT_TIME))
        return batch


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


def _rows_by_header(payloads: Sequence[bytes]) -> dict[bytes, list[int]]:
    rows: dict[bytes, list[int]] = {}
    for row, payload in enumerate(payloads):
        rows.setdefault(payload[:HEADER_BYTES], []).append(row)
    return rows


def _in_order(parts: list[tuple[list[int], pa.RecordBatch]]) -> pa.RecordBatch:
    """Put together records that were decoded apart, by their rows in the batch."""
    filled = [(rows, records) for rows, records in parts if rows] or parts[:1]
    if len(filled) == 1:
        return filled[0][1]
    order = np.argsort(np.concatenate([rows for rows, _ in filled]))
    table = pa.Table.from_batches([records for _, records in filled])
    return table.take(pa.array(order)).combine_chunks().to_batches()[0]


def _others(count: int, rejections: list[Rejection]) -> npt.NDArray[np.int64]:
    keep = np.ones(count, dtype=bool)
    keep[[item.row for item in rejections]] = False
    return np.flatnonzero(keep)
