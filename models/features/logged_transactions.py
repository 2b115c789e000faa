"""Transactions in the log of a shard, and their encoding."""

import struct
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.features.columns import string_values
from models.features.history import ENTRY, HistoryVersionError

LOG_VERSION = 1
"""Version of the encoded form. Another layout of `ENTRY` needs another number and a migration."""

_HEADER = struct.Struct("<HHI")
"""Version, bytes a transaction, number of transactions."""


class LoggedTransactions(NamedTuple):
    """Transactions that were added to histories, in the order of arrival.

    Parameters
    ----------
    customers : list of str, n of them
        customer_id of each.
    added : ndarray of ENTRY, (n,)
        With their final scores.
    """

    customers: list[str]
    added: NDArray[np.void]

    def encode(self) -> bytes:
        """Return the durable form: 8 bytes, then 44 bytes and the customer_id in UTF-8 for each transaction."""
        count, (_, offsets, names) = len(self.customers), pa.array(self.customers, pa.string()).buffers()
        header = _HEADER.pack(LOG_VERSION, ENTRY.itemsize, count)
        ends = np.frombuffer(offsets, "<i4", count + 1) if count else np.zeros(1, "<i4")
        return b"".join((header, self.added.tobytes(), ends.tobytes(), memoryview(names)[: ends[-1]] if names else b""))

    @classmethod
    def decode(cls, raw: bytes) -> "LoggedTransactions":
        """Return what `encode` was called on.

        Raises
        ------
        HistoryVersionError
            The bytes are of another version, or no encoded transactions at all.
        """
        version, size, count = _HEADER.unpack_from(raw) if len(raw) >= _HEADER.size else (0, 0, 0)
        at = _HEADER.size + count * ENTRY.itemsize
        end = at + 4 * (count + 1)
        if version == LOG_VERSION and size == ENTRY.itemsize and end <= len(raw):
            offsets: NDArray[Any] = np.frombuffer(raw, "<i4", count + 1, at)
            if end + offsets[-1] == len(raw):
                buffers = pa.py_buffer(offsets.tobytes()), pa.py_buffer(raw[end:])
                names = pa.StringArray.from_buffers(count, *buffers)
                return cls(string_values(names), np.frombuffer(raw, ENTRY, count, _HEADER.size))
        raise HistoryVersionError(
            f"Logged transactions in the state: expected version {LOG_VERSION} with {ENTRY.itemsize} bytes each, got "
            f"version {version} with {size} ({len(raw)} bytes in all). Restore from a savepoint of this version of "
            "fraudstream, or run the version that wrote this one."
        )
