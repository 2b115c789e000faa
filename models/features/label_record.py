"""Known labels of an entity or a customer and their encoding in state."""

import struct
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.features.history import HistoryVersionError

KEPT_LABELS = 64
"""Labels of an entity, or of a customer, that are kept one by one: the newest by label time."""

MAX_LEFT = 1_024
"""Labels beyond those that can still be revoked: the newest of those that left."""

LABEL_RECORD_VERSION = 2
"""Version of the encoded form. Another layout needs another number and a migration. Version 1 kept none of the labels
that left: they can no longer be revoked."""

LABEL = np.dtype(
    [
        ("transaction", "<u8"),  # hash of transaction_id
        ("label_time_ms", "<i8"),
        ("verdict", "<i8"),  # amount_minor * 2, and 1 more for fraud
    ]
)
"""One known label: 24 bytes. Kept in the order of (label_time_ms, transaction): one order whichever came first."""

ENTITY_LABEL = np.dtype([("key", "<u8"), *((name, LABEL[name].str) for name in LABEL.names or ())])
"""One label on its way to an entity, the hash of its value first: 32 bytes."""

TOTALS = np.dtype(
    [
        ("known", "<i8"),  # labels; at 0 the others mean nothing
        ("frauds", "<i8"),
        ("genuine_minor", "<i8"),  # sum of the genuine amounts; whole, so that no order of addition matters
        ("genuine_maximum_minor", "<i8"),  # -1 when none was genuine
        ("newest_ms", "<i8"),  # the newest label time
        ("newest_fraud_ms", "<i8"),  # NEVER when there was none
        ("newest_genuine_ms", "<i8"),
        ("gone_maximum_minor", "<i8"),  # the same of those that are not in the ledger either
        ("gone_newest_ms", "<i8"),
        ("gone_fraud_ms", "<i8"),
        ("gone_genuine_ms", "<i8"),
    ]
)
"""Totals of all labels that left the newest KEPT_LABELS: 88 bytes."""

_TOTALS_V1_BYTES = 7 * 8
_GONE = {
    "gone_maximum_minor": "genuine_maximum_minor",
    "gone_newest_ms": "newest_ms",
    "gone_fraud_ms": "newest_fraud_ms",
    "gone_genuine_ms": "newest_genuine_ms",
}

LEDGER_FIELDS = (np.dtype("<u8"), np.dtype("<i8"), np.dtype("<i8"))
"""Transaction, label time and verdict of a label that left, in the order of `LABEL`."""
_LEDGER_BYTES = sum(field.itemsize for field in LEDGER_FIELDS)

NEVER = -(2**62)

DAY_TILE = np.dtype(
    [
        ("day", "<i8"),  # label time // one day
        ("known", "<i4"),  # labels in it; at 0 the others mean nothing
        ("frauds", "<i4"),
        ("total_minor", "<i8"),  # sum of the amounts, fraud or genuine
    ]
)
"""Sums of one day's labels that are no longer kept one by one: 24 bytes."""

DAYS_KEPT = 31
"""Day tiles: the longest label window has 30 days and seldom begins at midnight. Day d is at ``d % DAYS_KEPT``."""

HEADER = struct.Struct("<HHHH")
"""Version, number of labels, bytes per label, number of day tiles: 0, or DAYS_KEPT once a label left."""

_TILES_BYTES = DAYS_KEPT * DAY_TILE.itemsize


class Ledger(NamedTuple):
    """The newest labels that left, oldest first: n <= MAX_LEFT of each field of LEDGER_FIELDS."""

    transactions: NDArray[Any]
    label_times_ms: NDArray[Any]
    verdicts: NDArray[Any]


NO_LEDGER = Ledger(*(np.empty(0, field) for field in LEDGER_FIELDS))


class KnownLabels(NamedTuple):
    """A decoded record; totals, (1,), and tiles, (DAYS_KEPT,), are None while no label left."""

    labels: NDArray[np.void]
    totals: NDArray[np.void] | None
    tiles: NDArray[np.void] | None
    ledger: Ledger


def encode_labels(
    labels: NDArray[np.void], totals: NDArray[np.void], tiles: NDArray[np.void], ledger: Ledger = NO_LEDGER
) -> bytes:
    """Return the durable form of the labels of one merchant or customer.

    Parameters
    ----------
    labels : ndarray of LABEL, (count,)
        Oldest first, count <= KEPT_LABELS.
    totals : ndarray of TOTALS, (1,)
    tiles : ndarray of DAY_TILE, (DAYS_KEPT,)
        Left out, as the totals are, while nothing left the labels.
    ledger : Ledger

    Returns
    -------
    bytes
        8 bytes of header and 24 a label, little-endian: 1,544 bytes at most; 2,376 once a label left, and 24
        for each that left: 26,952 at most.
    """
    if not totals["known"][0]:
        return HEADER.pack(LABEL_RECORD_VERSION, len(labels), LABEL.itemsize, 0) + labels.tobytes()
    header = HEADER.pack(LABEL_RECORD_VERSION, len(labels), LABEL.itemsize, DAYS_KEPT)
    return b"".join((header, labels.tobytes(), totals.tobytes(), tiles.tobytes(), *(f.tobytes() for f in ledger)))


def decode_labels(raw: bytes) -> KnownLabels:
    """Return what `encode_labels` was given, as read-only views of ``raw``.

    Raises
    ------
    HistoryVersionError
        It can't be read.
    """
    version, count, days, left = check_labels(raw)
    labels = np.frombuffer(raw, LABEL, count, HEADER.size)
    if not days:
        return KnownLabels(labels, None, None, NO_LEDGER)
    at = HEADER.size + labels.nbytes
    if version == 1:
        totals = np.zeros(1, TOTALS)
        totals.view(np.uint8)[:_TOTALS_V1_BYTES] = np.frombuffer(raw, np.uint8, _TOTALS_V1_BYTES, at)
        for gone, name in _GONE.items():
            totals[gone] = totals[name]
        at += _TOTALS_V1_BYTES
    else:
        totals = np.frombuffer(raw, TOTALS, 1, at)
        at += TOTALS.itemsize
    tiles = np.frombuffer(raw, DAY_TILE, DAYS_KEPT, at)
    at += tiles.nbytes
    ledger = (np.frombuffer(raw, field, left, at + number * 8 * left) for number, field in enumerate(LEDGER_FIELDS))
    return KnownLabels(labels, totals, tiles, Ledger(*ledger))


def check_labels(raw: bytes) -> tuple[int, int, int, int]:
    """Return the version of ``raw``, its number of labels, of day tiles, and of labels in the ledger.

    Raises
    ------
    HistoryVersionError
        It can't be read.
    """
    if len(raw) >= HEADER.size:
        version, count, itemsize, days = HEADER.unpack_from(raw)
        totals = TOTALS.itemsize if version == LABEL_RECORD_VERSION else _TOTALS_V1_BYTES
        size = HEADER.size + count * itemsize + (totals + _TILES_BYTES if days else 0)
        left, rest = divmod(len(raw) - size, _LEDGER_BYTES)
        most = MAX_LEFT if days and version == LABEL_RECORD_VERSION else 0
        known = version in (1, LABEL_RECORD_VERSION) and count <= KEPT_LABELS and itemsize == LABEL.itemsize
        if known and days in (0, DAYS_KEPT) and not rest and 0 <= left <= most:
            return version, count, days, left
        was = f"version {version}, {count} labels of {itemsize} bytes, {days} days"
    else:
        was = "too short for a header"
    raise HistoryVersionError(
        f"Known labels in the state: expected version 1 to {LABEL_RECORD_VERSION} with at most {KEPT_LABELS} labels of "
        f"{LABEL.itemsize} bytes, got {was} ({len(raw)} bytes in all). Restore from a savepoint of this "
        "version of fraudstream, or run the version that wrote this one."
    )


def newest_label_time_ms(raw: bytes) -> int:
    """Return the newest label time in an encoded record that has one or more."""
    return int(decode_labels(raw).labels["label_time_ms"][-1])
