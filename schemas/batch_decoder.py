"""Decoding of micro-batches of Avro records into columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyruhvro

from schemas.arrow_buffers import require_values, string_bytes, string_offsets
from schemas.avro_schemas import OwnSchema, schema_json, schema_text
from schemas.batch_checks import breaks_limits
from schemas.codec import DecoderFaultError, RecordCodec, TrailingBytesError, UndecodableError
from schemas.column_views import ColumnViews
from schemas.culprit_search import NOT_FAULTS, CulpritSearch
from schemas.framing import HEADER_BYTES, FramingError, schema_id_of
from schemas.record_walk import RecordWalk
from schemas.registry import SchemaRegistry, UnknownSchemaError
from schemas.rejection import Reason, Rejection, shortened
from schemas.row_selection import Rows, items_of, records_of
from schemas.time_column import UTC_MS
from schemas.transaction_fields import Field, arrow_schema
from schemas.validation import Arrival, Check, Limits, Mask, reject, wrong_keys
from schemas.wall_clock import now_ms
from schemas.wire_columns import WireColumns
from schemas.writer_schema import WriterSchema

Result = TypeVar("Result")
MAX_WRITERS = 256
Part = tuple[Rows, pa.RecordBatch]
"""Rows of a batch, and the records in them."""


class TooLargeError(UndecodableError):
    """The payload is larger than any record may be."""


# The first that fits.
_REASONS = (
    (UnknownSchemaError, Reason.UNKNOWN_SCHEMA),
    (TrailingBytesError, Reason.TRAILING_BYTES),
    (TooLargeError, Reason.TOO_LARGE),
    (DecoderFaultError, Reason.INTERNAL),
    (UndecodableError, Reason.UNDECODABLE),
)


@dataclass(frozen=True)
class DecodedBatch:
    """Decoded records of a micro-batch, and its rejections.

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
class BatchKind:
    """Kind of record that arrives in micro-batches, keyed by customer.

    Attributes
    ----------
    name : str or OwnSchema
        A file of `schemas/avro`, or a deployment's own schema.
    fields : tuple of Field
        Fields that are checked, and in a schema of ours all that there are.
    checks : tuple of Check
        Limits on a record, in the order in which reasons are reported.
    breaks_limits : callable
        Marks the records of a batch that `checks` then name a reason for; fast, and no record that fails is missed.
    wire : WireColumns or None
        Columns of a deployment's own schema; None: the decoded columns are the canonical ones.
    """

    name: str | OwnSchema
    fields: tuple[Field, ...]
    checks: tuple[Check, ...]
    breaks_limits: Callable[[tuple[Field, ...], ColumnViews, npt.NDArray[np.int64], Limits, int], Mask] = breaks_limits
    wire: WireColumns | None = None

    @cached_property
    def arrow(self) -> pa.Schema:
        """Columns as they are decoded."""
        return arrow_schema(self.fields) if self.wire is None else self.wire.arrow


class BatchDecoder:
    """Decoder of micro-batches of framed records into columns; bad records are set aside.

    Records of the current schema are decoded in one call, and so are those of each other version that maps to it
    field by field. Only the remaining ones are decoded one by one, so a bad or an old record does not slow the others.
    """

    def __init__(
        self, kind: BatchKind, subject: str, registry: SchemaRegistry, limits: Limits, clock: Callable[[], int] = now_ms
    ) -> None:
        self._kind = kind
        self._clock = clock
        self._codec = RecordCodec(kind.name, subject, registry)
        self._schema = schema_text(kind.name) if kind.wire is None else kind.wire.decoding_text
        self._walk = RecordWalk(schema_json(kind.name), self._codec.schema_id)
        self._writers: dict[bytes, WriterSchema | None] = {}
        self._limits = limits
        self._search = CulpritSearch()
        self._times = [(index, field) for index, field in enumerate(kind.arrow) if field.type == UTC_MS]

    def decode(
        self, keys: Sequence[str | None], payloads: Sequence[bytes], kafka_time_ms: npt.NDArray[np.int64]
    ) -> DecodedBatch:
        """Decode n records. It raises for none of them: what can't be decoded or checked is a rejection.

        Parameters
        ----------
        keys : sequence of str or None
            The record keys, which should be the customer ids.
        payloads : sequence of bytes
            The record values.
        kafka_time_ms : (n,) int64
            The record timestamps.
        """
        sound = self._walk.sound(payloads, self._limits.max_record_bytes)
        if sound.all() and (records := _unless_it_fails(self._decode_sound, payloads)) is not None:
            return self._keep(records, keys, kafka_time_ms)
        parts, rejections = self._decode_apart(payloads, sound)
        records, rows = _in_order(parts)
        batch = self._keep(records, [keys[row] for row in rows.tolist()], kafka_time_ms[rows])
        moved = [replace(item, row=int(rows[item.row])) for item in batch.rejections]
        return DecodedBatch(batch.records, sorted(rejections + moved, key=lambda item: item.row))

    def _decode_apart(self, payloads: Sequence[bytes], sound: Mask) -> tuple[list[Part], list[Rejection]]:
        """Decode what is sound together, then what other writers' schemas allow to, then the rest one by one."""
        parts: list[Part] = []
        rows, rest = np.flatnonzero(sound), np.flatnonzero(~sound)
        records = _unless_it_fails(self._decode_sound, [payloads[row] for row in rows.tolist()])
        if records is None:
            rest = np.arange(len(payloads))
        else:
            parts.append((rows, records))
        for mark, written in _rows_by_header(payloads, rest.tolist()).items():
            if (writer := self._writer(mark)) is None:
                continue
            some = [payloads[row] for row in written]
            whole = _unless_it_fails(writer.decode, some, self._limits.max_record_bytes)
            if whole is not None:
                decoded = np.array(written, np.int64)[whole[0]]
                parts.append((decoded, whole[1]))
                rest = np.setdiff1d(rest, decoded)
        one_by_one, rejections = self._decode_one_by_one(payloads, rest.tolist())
        return parts + one_by_one, rejections

    def _writer(self, mark: bytes) -> WriterSchema | None:
        """Return the other version of the schema that a payload's first bytes name, where it is a simple one."""
        if mark not in self._writers:
            if len(self._writers) >= MAX_WRITERS:
                self._writers.clear()
            try:
                schema_id = schema_id_of(mark)
                plain = self._codec.writer(schema_id).plain
            except (FramingError, UnknownSchemaError, UndecodableError):
                return None  # not kept: a registry may know it later
            own = schema_id == self._codec.schema_id
            reader = schema_json(self._kind.name)
            found = None if own else _unless_it_fails(WriterSchema.of, plain, schema_id, reader, self._kind.arrow)
            self._writers[mark] = found
        return self._writers[mark]

    def _decode_sound(self, payloads: Sequence[bytes]) -> pa.RecordBatch:
        if not payloads:
            return pa.RecordBatch.from_pylist([], schema=self._kind.arrow)
        batch = pyruhvro.deserialize_array([payload[HEADER_BYTES:] for payload in payloads], self._schema)
        # Avro's timestamp-millis is UTC by definition; the decoder leaves the zone off.
        for index, field in self._times:
            batch = batch.set_column(index, field, batch.column(index).view(field.type))
        return batch

    def _decode_one_by_one(self, payloads: Sequence[bytes], rows: Sequence[int]) -> tuple[list[Part], list[Rejection]]:
        """Return the records of some payloads, and the payloads that hold none."""
        rejections, read, found = [], [], []
        for row in rows:
            try:
                found.append(self._read(payloads[row]))
                read.append(row)
            except (UnknownSchemaError, UndecodableError) as error:
                reason = next(reason for kind, reason in _REASONS if isinstance(error, kind))
                rejections.append(Rejection(row, reason, shortened(str(error))))
        numbers = np.array(read, np.int64)
        pieces, culprits = self._search.sieve(len(found), lambda rows: self._columns(items_of(found, rows)))
        rejections += [_internal(read[index], error) for index, error in culprits.items()]
        parts = [(numbers[rows], records) for rows, records in pieces]
        return [*parts, (numbers[:0], self._columns([]))], rejections

    def _read(self, payload: bytes) -> dict[str, Any]:
        max_bytes = self._limits.max_record_bytes
        if len(payload) > max_bytes:
            raise TooLargeError(f"expected at most {max_bytes} bytes, got {len(payload)}")
        return self._codec.read(payload)

    def _columns(self, records: list[dict[str, Any]]) -> pa.RecordBatch:
        batch = pa.RecordBatch.from_pylist(records, schema=self._kind.arrow)
        require_values(batch)
        return batch

    def _keep(
        self, records: pa.RecordBatch, keys: Sequence[str | None], kafka_time_ms: npt.NDArray[np.int64]
    ) -> DecodedBatch:
        """Set aside the records that are not under their customer, break a limit, or can't be checked."""
        if self._kind.wire is not None:
            records = self._kind.wire.canonical(records)

        def kept(rows: Rows) -> DecodedBatch:
            return self._checked(records_of(records, rows), items_of(keys, rows), kafka_time_ms[rows])

        try:
            return self._checked(records, keys, kafka_time_ms)
        except BaseException as error:
            if isinstance(error, NOT_FAULTS):
                raise
        pieces, culprits = self._search.sieve(len(records), kept)
        rejections = [_internal(row, error) for row, error in culprits.items()]
        for rows, batch in pieces:
            rejections += [replace(item, row=int(rows[item.row])) for item in batch.rejections]
        table = pa.Table.from_batches([batch.records for _, batch in pieces], records.schema).combine_chunks()
        whole = [*table.to_batches(), records.slice(0, 0)][0]
        return DecodedBatch(whole, sorted(rejections, key=lambda item: item.row))

    def _checked(
        self, records: pa.RecordBatch, keys: Sequence[str | None], kafka_time_ms: npt.NDArray[np.int64]
    ) -> DecodedBatch:
        now = self._clock()
        broken = self._kind.breaks_limits(
            self._kind.fields, ColumnViews.of(records, self._kind.fields), kafka_time_ms, self._limits, now
        )
        if not _are_customers(records, keys):
            broken |= wrong_keys(records, keys)
        if not broken.any():
            return DecodedBatch(records, [])
        rows = np.flatnonzero(broken)
        arrival = Arrival(records.take(pa.array(rows)), [keys[row] for row in rows.tolist()], kafka_time_ms[rows], now)
        found = reject(arrival, self._limits, self._kind.checks)
        rejections = [replace(item, row=int(rows[item.row])) for item in found]
        broken[rows] = False
        broken[[item.row for item in rejections]] = True
        return DecodedBatch(records.take(pa.array(np.flatnonzero(~broken))), rejections)


def _unless_it_fails(step: Callable[..., Result], *arguments: Any) -> Result | None:
    """Return what a fast way gives, None where it fails: the slow one says what is wrong with which record."""
    try:
        return step(*arguments)
    except BaseException as error:  # a panic of Rust code is no Exception
        if isinstance(error, NOT_FAULTS):
            raise
        return None


def _internal(row: int, error: BaseException) -> Rejection:
    return Rejection(row, Reason.INTERNAL, shortened(f"{type(error).__name__}: {error}"))


def _rows_by_header(payloads: Sequence[bytes], rows: Sequence[int]) -> dict[bytes, list[int]]:
    found: dict[bytes, list[int]] = {}
    for row in rows:
        found.setdefault(payloads[row][:HEADER_BYTES], []).append(row)
    return found


def _in_order(parts: Sequence[Part]) -> tuple[pa.RecordBatch, npt.NDArray[np.int64]]:
    """Join what was decoded separately; returns the records and their rows in the batch."""
    filled = [(rows, records) for rows, records in parts if len(rows)] or list(parts[:1])
    rows = np.concatenate([rows for rows, _ in filled])
    if len(filled) == 1:
        return filled[0][1], rows
    schema = filled[-1][1].schema
    table = pa.Table.from_batches([records.cast(schema) for _, records in filled]).combine_chunks()
    order = np.argsort(rows)
    return table.to_batches()[0].take(pa.array(order)), rows[order]


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
    lengths = np.fromiter(map(len, keys), np.int64, len(keys))  # type: ignore[arg-type]
    return np.array_equal(np.diff(string_offsets(customers)), lengths)
