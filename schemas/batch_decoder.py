import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyruhvro

from schemas.arrow_buffers import string_bytes, string_offsets
from schemas.avro_schemas import schema_text
from schemas.codec import RecordCodec, TrailingBytesError, UndecodableError
from schemas.columns import EVENT_TIME
from schemas.framing import HEADER_BYTES
from schemas.record_walk import RecordWalk
from schemas.registry import SchemaRegistry, UnknownSchemaError
from schemas.rejection import Reason, Rejection
from schemas.validation import Arrival, Check, Limits, Mask, reject, wrong_keys

Columns = TypeVar("Columns")


class TooLargeError(UndecodableError):
    """The payload is larger than any record may be."""


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
        Gives NumPy views of a decoded batch, taken once for the function below.
    breaks_limits : callable
        Says of each record whether it breaks a limit, as `checks` do, sooner.
    checks : tuple of Check
        Asked of those that do: which limit, and what the record says.
    """

    name: str
    arrow: pa.Schema
    view: Callable[[pa.RecordBatch], Columns]
    breaks_limits: Callable[[Columns, npt.NDArray[np.int64], Limits], Mask]
    checks: tuple[Check, ...]


class BatchDecoder(Generic[Columns]):
    """Decodes a micro-batch of framed records into columns, and sets the bad ones aside.

    Records that are of the current schema and sound are decoded at once. The others are looked into one by one: what
    is wrong with them, or, of another schema or an encoding of its own, what they hold. So a bad record costs the
    others nothing.
    """

    def __init__(self, kind: BatchKind[Columns], subject: str, registry: SchemaRegistry, limits: Limits) -> None:
        self._kind = kind
        self._codec = RecordCodec(kind.name, subject, registry)
        self._schema = schema_text(kind.name)
        self._walk = RecordWalk(json.loads(self._schema), self._codec.schema_id)
        self._limits = limits
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
        sound = self._walk.sound(payloads, self._limits.max_record_bytes)
        if sound.all():
            return self._keep(self._decode_sound(payloads), keys, kafka_time_ms)
        rows = np.flatnonzero(sound)
        records = self._decode_sound([payloads[row] for row in rows.tolist()])
        others, rejections = self._decode_one_by_one(payloads, np.flatnonzero(~sound).tolist())
        if others:
            records, rows = self._merged(records, rows, others)
        batch = self._keep(records, [keys[row] for row in rows.tolist()], kafka_time_ms[rows])
        placed = [replace(item, row=int(rows[item.row])) for item in batch.rejections]
        return DecodedBatch(batch.records, sorted(rejections + placed, key=lambda item: item.row))

    def _decode_sound(self, payloads: Sequence[bytes]) -> pa.RecordBatch:
        if not payloads:
            return pa.RecordBatch.from_pylist([], schema=self._kind.arrow)
        batch = pyruhvro.deserialize_array([payload[HEADER_BYTES:] for payload in payloads], self._schema)
        # Avro's timestamp-millis is UTC by definition; the decoder leaves the zone off.
        for place in self._times:
            batch = batch.set_column(place, self._kind.arrow[place], batch.column(place).view(EVENT_TIME))
        return batch

    def _decode_one_by_one(
        self, payloads: Sequence[bytes], rows: Sequence[int]
    ) -> tuple[dict[int, dict[str, Any]], list[Rejection]]:
        """Return the records of some payloads by row, and the payloads that hold none."""
        records, rejections = {}, []
        for row in rows:
            try:
                records[row] = self._decode_one(payloads[row])
            except UnknownSchemaError as error:
                rejections.append(Rejection(row, Reason.UNKNOWN_SCHEMA, str(error)))
            except TrailingBytesError as error:
                rejections.append(Rejection(row, Reason.TRAILING_BYTES, str(error)))
            except TooLargeError as error:
                rejections.append(Rejection(row, Reason.TOO_LARGE, str(error)))
            except UndecodableError as error:
                rejections.append(Rejection(row, Reason.UNDECODABLE, str(error)))
        return records, rejections

    def _decode_one(self, payload: bytes) -> dict[str, Any]:
        most = self._limits.max_record_bytes
        if len(payload) > most:
            raise TooLargeError(f"expected at most {most} bytes, was {len(payload)}")
        return self._codec.decode(payload)

    def _merged(
        self, records: pa.RecordBatch, rows: npt.NDArray[np.int64], others: dict[int, dict[str, Any]]
    ) -> tuple[pa.RecordBatch, npt.NDArray[np.int64]]:
        """Put others among the records, in the order of their rows."""
        added = pa.RecordBatch.from_pylist(list(others.values()), schema=self._kind.arrow)
        table = pa.Table.from_batches([records.cast(self._kind.arrow), added]).combine_chunks()
        rows = np.concatenate([rows, np.array(list(others), np.int64)])
        order = np.argsort(rows)
        return table.to_batches()[0].take(pa.array(order)), rows[order]

    def _keep(
        self, records: pa.RecordBatch, keys: Sequence[str | None], kafka_time_ms: npt.NDArray[np.int64]
    ) -> DecodedBatch:
        """Set aside the records that are not under their customer or break a limit."""
        broken = self._kind.breaks_limits(self._kind.view(records), kafka_time_ms, self._limits)
        if not _are_customers(records, keys):
            broken |= wrong_keys(records, keys)
        if not broken.any():
            return DecodedBatch(records, [])
        rows = np.flatnonzero(broken)
        arrival = Arrival(records.take(pa.array(rows)), [keys[row] for row in rows.tolist()], kafka_time_ms[rows])
        found = reject(arrival, self._limits, self._kind.checks)
        rejections = [replace(item, row=int(rows[item.row])) for item in found]
        broken[rows] = False
        broken[[item.row for item in rejections]] = True
        return DecodedBatch(records.take(pa.array(np.flatnonzero(~broken))), rejections)


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
