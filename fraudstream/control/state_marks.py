"""Marks of shards and mode that a checkpoint's own metadata carries in the operators' uids."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from jobs.job_config import CHOICES, INPUTS, MAX_GENERATION
from jobs.operator_id import operator_id
from jobs.operator_uids import (
    DETECT_DRIFT,
    LABEL_LANES,
    LABELS,
    LISTS,
    QUERIES,
    SCORE_BATCH,
    TRANSACTIONS,
    marked,
    source_uids,
)
from jobs.shards import SHARD_KEYS

METADATA_FILE = "_metadata"
"""The file of Flink's in each checkpoint's and savepoint's folder that names the operators with state."""

_WINDOWED = (TRANSACTIONS, LABEL_LANES, QUERIES, LISTS)
_PLAIN = (SCORE_BATCH, DETECT_DRIFT, *(f"{part}-window-aggregate" for part in _WINDOWED))
_SOURCES = [(name, number) for name in INPUTS for number in range(1, MAX_GENERATION + 1)]
_REPLACED = (
    *(f"{LABELS}-{part}" for part in ("source", "window-aggregate")),
    *(f"{LABELS}-source-{number}" for number in range(1, MAX_GENERATION + 1)),
    *(f"{LABELS}-window-aggregate-{shards}" for shards in SHARD_KEYS),
)


@dataclass(frozen=True)
class StateMarks:
    """Mode and shards that a checkpoint's state is of; None in both for state of before uids were marked.

    Parameters
    ----------
    mode, shards
        Of the job, see `JobConfig`.
    has_replaced
        Whether it has operators of an earlier version, see `is_replaced`.
    """

    mode: str | None
    shards: int | None
    has_replaced: bool = False

    @property
    def unmarked(self) -> bool:
        """Whether the state has no marks."""
        return self.shards is None


def read_marks(folder: Path) -> StateMarks | None:
    """Read the marks of a checkpoint's folder; None when it has no metadata, or no state of the scoring job."""
    try:
        content = (folder / METADATA_FILE).read_bytes()
    except OSError:
        return None
    has_replaced = any(metadata_text(uid) in content for uid in _REPLACED)
    for mode in CHOICES["mode"]:
        for shards in SHARD_KEYS:
            if metadata_text(marked(SCORE_BATCH, mode=mode, shards=shards)) in content:
                return StateMarks(mode, shards, has_replaced)
    return StateMarks(None, None, has_replaced) if metadata_text(SCORE_BATCH) in content else None


def explain_refusal(failure: str, *, mode: str, shards: int) -> str | None:
    """Explain why Flink had no operator for a state; None for another failure.

    Parameters
    ----------
    failure
        Flink's message, with the operator's id in it.
    mode, shards
        Of the job to start.
    """
    found = re.search(r"Cannot map checkpoint/savepoint state for operator ([0-9a-f]{32})", failure)
    if found is None:
        return None
    if any(operator_id(uid) == found[1] for uid in _REPLACED):
        return (
            "expected state of this version, got state of one that read the labels otherwise, which is left behind. "
            "Copy the savepoint or checkpoint to this machine, with its fraudstream.json where it has one: it says so"
        )
    for uid in _PLAIN:
        if operator_id(uid) == found[1]:
            return f"expected state that says its shards and mode, got state of fraudstream 0.1. {UNMARKED_ADVICE}"
        for of_mode in CHOICES["mode"]:
            for of_shards in SHARD_KEYS:
                if operator_id(marked(uid, mode=of_mode, shards=of_shards)) == found[1]:
                    return refusal(StateMarks(of_mode, of_shards), uid, mode=mode, shards=shards)
    sources = ((source, uid) for source in _SOURCES for uid in source_uids(*source))
    return next((_recreated(*source) for source, uid in sources if operator_id(uid) == found[1]), None)


def refusal(state: StateMarks, uid: str, *, mode: str, shards: int) -> str:
    """Return the difference between a state and a job that the operator with this uid shows."""
    parts = []
    if state.mode != mode and uid in {SCORE_BATCH, DETECT_DRIFT}:
        parts.append(f"expected job.mode to be {state.mode!r} as in the state, got {mode!r}")
    if state.shards != shards and uid != DETECT_DRIFT:
        parts.append(f"expected job.shards to be {state.shards} as in the state, got {shards}")
    return f"{', and '.join(parts) or f'expected an operator for the state of {uid}, found none'}: set it back"


def _recreated(name: str, generation: int) -> str:
    return (
        f"expected a source of topics.{name} for the state, whose topic was created again {generation} times, found "
        "none. Copy the savepoint or checkpoint to this machine, with its fraudstream.json where it has one: it says so"
    )


UNMARKED_ADVICE = (
    "Take a savepoint with `fraudstream stop --savepoint`, which writes them next to it; or, sure that its job had the "
    "settings' job.shards and job.mode, submit with --unmarked-state."
)


def metadata_text(name: str) -> bytes:
    """Return a uid or topic as Flink writes it: its length first, so that no longer one matches it."""
    return len(name).to_bytes(2, "big") + name.encode()
