import struct

import numpy as np
from numpy.typing import NDArray

from models.features.history import HistoryVersionError

KEPT_LABELS = 64
"""How many labels of a merchant, or of a customer, are kept one by one: the newest by label time."""

LABEL_RECORD_VERSION = 1
"""Version of the encoded form. Another layout needs another number and a migration."""

LABEL = np.dtype(
    [
        ("transaction", "<u8"),  # hash of transaction_id
        ("label_time_ms", "<i8"),
        ("verdict", "<i8"),  # amount_minor * 2, and 1 more for fraud
    ]
)
"""One known label: 24 bytes. Kept in the order of (label_time_ms, transaction): one order whichever came first."""

TOTALS = np.dtype(
    [
        ("known", "<i8"),  # labels; at 0 the others mean nothing
        ("frauds", "<i8"),
        ("genuine_minor", "<i8"),  # sum of the genuine amounts; whole, so that no order of addition matters
        ("genuine_maximum_minor", "<i8"),  # -1 when none was genuine
        ("newest_ms", "<i8"),  # the newest label time
        ("newest_fraud_ms", "<i8"),  # NEVER when there was none
        ("newest_genuine_ms", "<i8"),
    ]
)
"""What is known of all labels that are no longer kept one by one: 56 bytes."""

NEVER = -(2**62)

DAY_TILE = np.dtype(
    [
        ("day", "<i8"),  # label time // one day
        ("known", "<i4"),  # labels in it; at 0 the others mean nothing
        ("frauds", "<i4"),
        ("total_minor", "<i8"),  # sum of the amounts, fraud or genuine
    ]
)
"""What is known of one day's labels that are no longer kept one by one: 24 bytes."""

DAYS_KEPT = 31
"""Day tiles: the longest label window has 30 days and seldom begins at midnight. Day d is at ``d % DAYS_KEPT``."""

HEADER = struct.Struct("<HHHH")
"""Version, number of labels, bytes per label, number of day tiles: 0, or DAYS_KEPT once a label left."""

_LEFT_BYTES = TOTALS.itemsize + DAYS_KEPT * DAY_TILE.itemsize


def encode_labels(labels: NDArray[np.void], totals: NDArray[np.void], tiles: NDArray[np.void]) -> bytes:
    """Return the durable form of the labels of one merchant or customer.

    Parameters
    ----------
    labels : ndarray of LABEL, (count,)
        Oldest first, count <= KEPT_LABELS.
    totals : ndarray of TOTALS, (1,)
    tiles : ndarray of DAY_TILE, (DAYS_KEPT,)
        Left out, as the totals are, while nothing left the labels.

    Returns
    -------
    bytes
        8 bytes of header and 24 a label, little-endian: 1,544 bytes at most; 2,344 once a label left.
    """
    if not totals["known"][0]:
        return HEADER.pack(LABEL_RECORD_VERSION, len(labels), LABEL.itemsize, 0) + labels.tobytes()
    header = HEADER.pack(LABEL_RECORD_VERSION, len(labels), LABEL.itemsize, DAYS_KEPT)
    return header + labels.tobytes() + totals.tobytes() + tiles.tobytes()


def check_labels(raw: bytes) -> tuple[int, bool]:
    """Return the number of labels in ``raw`` and whether totals and day tiles follow them.

    Raises
    ------
    HistoryVersionError
        It can't be read.
    """
    if len(raw) >= HEADER.size:
        version, count, itemsize, days = HEADER.unpack_from(raw)
        size = HEADER.size + count * itemsize + (_LEFT_BYTES if days else 0)
        fits = version == LABEL_RECORD_VERSION and count <= KEPT_LABELS and itemsize == LABEL.itemsize
        if fits and days in (0, DAYS_KEPT) and len(raw) == size:
            return count, bool(days)
        was = f"version {version}, {count} labels of {itemsize} bytes, {days} days"
    else:
        was = "too short for a header"
    raise HistoryVersionError(
        f"Known labels in the state: expected version {LABEL_RECORD_VERSION} with at most {KEPT_LABELS} labels of "
        f"{LABEL.itemsize} bytes, was {was} ({len(raw)} bytes in all). Restore from a savepoint of this "
        "version of fraudstream, or run the version that wrote this one."
    )


def newest_label_time_ms(raw: bytes) -> int:
    """Return the newest label time in an encoded record that has one or more."""
    count, _ = check_labels(raw)
    return int(np.frombuffer(raw, LABEL, count, HEADER.size)["label_time_ms"][-1])
