"""Merging of partial observations of all shards."""

from models.drift.observation import OBSERVATION_SIZE
from models.drift.signal_part import SignalPart

MAX_LEFT_OUT = 10 * OBSERVATION_SIZE
"""Transactions of an older deployment in a row, after which it is the one in force: all shards went back to it, or it
was made after a clock had been set back."""

_VERSION = b"\x01\x00"


class PartMerger:
    """Merges the parts of one signal, which come from all shards, into observations of OBSERVATION_SIZE or more.

    Shards follow a deployment one after the other, and one that cannot load it stays at the last: parts of an older
    deployment than the newest seen are left out, else the detectors would be reset by each part. That ends once
    no others come, see MAX_LEFT_OUT.

    Parameters
    ----------
    raw : bytes or None
        Result of `to_bytes`, or None to start empty. Bytes of another version are ignored.
    """

    def __init__(self, raw: bytes | None = None) -> None:
        self._pending: SignalPart | None = None
        self._deployed_ms = self._left_out = 0
        if raw and raw[:2] == _VERSION:
            newest, text = raw[2:].decode().split("\n", 1)
            self._deployed_ms = int(newest)
            self._pending = SignalPart.from_json(text) if text else None

    def update(self, part: SignalPart) -> SignalPart | None:
        """Add a part and return the observation that it completes, if any."""
        if part.deployed_ms < self._deployed_ms:
            self._left_out += part.transactions
            if self._left_out <= MAX_LEFT_OUT:
                return None
        self._left_out = 0
        self._deployed_ms = part.deployed_ms
        pending = self._pending
        if pending is not None and pending.model_id == part.model_id:
            part = pending.merge(part)
        if part.transactions < OBSERVATION_SIZE:
            self._pending = part
            return None
        self._pending = None
        return part

    def to_bytes(self) -> bytes:
        """Return the state: version, time of the newest deployment, and the unfinished observation."""
        text = self._pending.to_json() if self._pending else ""
        return _VERSION + f"{self._deployed_ms}\n{text}".encode()
