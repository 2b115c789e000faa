"""Input topics as a savepoint or checkpoint knows them: ids, generations, and the offsets of the sources."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from fraudstream.control.state_marks import METADATA_FILE
from jobs.job_config import INPUTS
from jobs.operator_uids import TABLE_INPUTS
from jobs.state_manifest import StateManifest

Offsets = dict[tuple[str, int], int]

MAX_SOURCE_BYTES = 1 << 20
"""Files with the offsets of a source are small; those of the keyed state may be large and are passed over."""

_NO_END = (1 << 63).to_bytes(8, "big")
"""End of a split that has none, as Flink's Kafka connector writes it behind the offset."""


@dataclass(frozen=True, kw_only=True)
class StateTopics:
    """Input topics of a state.

    Parameters
    ----------
    ids
        Kafka's ids by topic; of versions that noted none, empty.
    generations
        See `JobConfig.generations`.
    offsets
        By topic and partition the next record to read; empty where the state's files can't be read from here.
    """

    ids: dict[str, str] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=dict)
    offsets: Offsets = field(default_factory=dict)

    @classmethod
    def read(cls, manifest: StateManifest | None, folder: Path | None, topics: Collection[str]) -> StateTopics:
        """Read what is known of a state.

        Parameters
        ----------
        manifest
            Of the state, None where there is none.
        folder
            The savepoint's or checkpoint's, None where it is not on this machine.
        topics
            Names of the topics whose offsets are wanted.
        """
        metadata = _content(folder / METADATA_FILE) if folder else b""
        return cls(
            ids=manifest.topic_ids if manifest else {},
            generations=manifest.generations if manifest else _generations(metadata),
            offsets=_offsets(folder, topics) if folder and folder.is_dir() else {},
        )


def _generations(metadata: bytes) -> dict[str, int]:
    """Read the sources' uids, which have the generation at their end, see `operator_uids.marked`."""
    found = {}
    for name, table in [*((name, name) for name in INPUTS), *((of, table) for table, of in TABLE_INPUTS.items())]:
        for match in re.finditer(rb"(..)(%s-source-(\d+))" % table.encode(), metadata, re.DOTALL):
            digits = match[2][: int.from_bytes(match[1], "big")].rpartition(b"-")[2]
            if digits.isdigit():
                found[name] = int(digits)
    return found


def _offsets(folder: Path, topics: Collection[str]) -> Offsets:
    """Find the splits of the sources, topic, partition, next offset, no end, in the files that Flink wrote."""
    found: Offsets = {}
    splits = {name: re.compile(_split_start(name) + b"(.{4})(.{8})" + _NO_END, re.DOTALL) for name in topics}
    files = [file for file in folder.iterdir() if file.is_file() and file.stat().st_size <= MAX_SOURCE_BYTES]
    contents = [_content(file) for file in {*files, folder / METADATA_FILE}]
    for name, split in splits.items():
        for match in (match for content in contents for match in split.finditer(content)):
            partition, offset = (name, int.from_bytes(match[1], "big")), int.from_bytes(match[2], "big", signed=True)
            if offset >= 0:  # others mean the first record, or the end
                found[partition] = max(offset, found.get(partition, 0))
    return found


def _split_start(topic: str) -> bytes:
    name = topic.encode()
    return re.escape(len(name).to_bytes(2, "big") + name)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
