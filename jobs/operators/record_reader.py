"""Control records that shards keep in their state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from schemas.codec import UndecodableError
from schemas.registry import UnknownSchemaError

if TYPE_CHECKING:
    from schemas.codec import RecordCodec

KEPT_MS = round(timedelta(days=30).total_seconds() * 1000)
"""Time for which a record is kept beyond its end, by event time: for late transactions."""


class ControlRecord(Protocol):
    """Control record that shards keep in their state."""

    @property
    def key(self) -> str:
        """Key of the record."""
        ...


Record = TypeVar("Record", bound=ControlRecord)


class RecordReader(Generic[Record]):
    """Reader of records of one kind, which refuses anything else under its keys.

    Parameters
    ----------
    codec : RecordCodec
        Of the kind.
    parse : callable
        Makes a Record of what the codec decoded.
    prefix : str
        Begins the keys of the kind's records on the control topic.
    """

    def __init__(self, codec: RecordCodec, parse: Callable[[dict[str, Any]], Record], prefix: str) -> None:
        self._codec, self._parse, self._prefix = codec, parse, prefix

    def read(self, name: str, payload: bytes) -> tuple[Record | None, str]:
        """Read a record that came under a name, which is its key without the prefix.

        Returns
        -------
        record : Record or None
            None where it can't be read.
        refusal : str
            Empty where it can be followed.
        """
        try:
            record = self._parse(self._codec.decode(payload))
        except (UndecodableError, UnknownSchemaError) as error:
            return None, str(error)
        except Exception as error:
            # Any error refuses the record: the job continues.
            return None, repr(error)
        if record.key != self._prefix + name:
            got = record.key.removeprefix(self._prefix)
            return record, f"expected the record of its key, {name}, got that of {got}. Publish it again"
        return record, ""
