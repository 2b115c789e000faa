"""Input topics as a savepoint or checkpoint knows them: ids, generations, and the offsets of the sources."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fraudstream.control.state_marks import METADATA_FILE, metadata_text
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
    imported
        Start positions of a state that was imported, see `jobs.start_positions`.
    """

    ids: dict[str, str] = field(default_factory=dict)
    generations: dict[str, int] = field(default_factory=dict)
    offsets: Offsets = field(default_factory=dict)
    imported: dict[str, dict[str, list[int]]] = field(default_factory=dict)

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
        imported = manifest.start_positions if manifest else {}
        starts = _starts(manifest, imported) if manifest else {}
        return cls(
            ids=manifest.topic_ids if manifest else {},
            generations=manifest.generations if manifest else _generations(metadata),
            offsets=starts | (_offsets(folder, topics) if folder and folder.is_dir() else {}),
            imported=imported,
        )

    def start_positions(self, reset: Collection[str]) -> dict[str, dict[str, list[int]]]:
        """Return the start positions of a job that continues, without those of inputs that are read again whole."""
        tables = {table for name in reset for table in (name, *(t for t, of in TABLE_INPUTS.items() if of == name))}
        return {table: positions for table, positions in self.imported.items() if table not in tables}


def _starts(manifest: StateManifest, imported: Mapping[str, Mapping[str, Sequence[int]]]) -> Offsets:
    """Return where the sources of an imported state start."""
    found: Offsets = {}
    for table, positions in imported.items():
        topic = getattr(manifest, TABLE_INPUTS.get(table, table))
        for partition, offsets in positions.items():
            found[topic, int(partition)] = min(offsets)
    return found


def source_offsets(
    folder: Path, topics: Mapping[str, str], uids: Mapping[str, str], operators: Collection[str]
) -> dict[str, dict[int, int]]:
    """Return the next offset of each partition, by source table; without tables of which the state has no source.

    The metadata names an operator before its state, which is within, or in files that it names.

    Parameters
    ----------
    folder
        The savepoint's or checkpoint's.
    topics, uids
        Topic and uid of each table's source.
    operators
        Uids of all operators with state.
    """
    metadata, others = _content(folder / METADATA_FILE), _small_files(folder)
    begins = {uid: metadata.find(metadata_text(uid)) for uid in {*operators, *uids.values()}}
    found: dict[str, dict[int, int]] = {}
    for table, uid in uids.items():
        begin = begins[uid]
        if begin < 0:
            continue
        end = min((other for other in begins.values() if other > begin), default=len(metadata))
        section = metadata[begin:end]
        named = [content for name, content in others.items() if name.encode() in section]
        found[table] = _splits([section, *named], topics[table])
    return found


def _small_files(folder: Path) -> dict[str, bytes]:
    """Return the contents of the files that may be a source's, by name."""
    files = (file for file in folder.iterdir() if file.is_file() and file.stat().st_size <= MAX_SOURCE_BYTES)
    return {file.name: _content(file) for file in files}


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
    contents = (_small_files(folder) | {METADATA_FILE: _content(folder / METADATA_FILE)}).values()
    return {(name, part): offset for name in topics for part, offset in _splits(contents, name).items()}


def _splits(contents: Iterable[bytes], topic: str) -> dict[int, int]:
    found: dict[int, int] = {}
    split = re.compile(re.escape(metadata_text(topic)) + b"(.{4})(.{8})" + _NO_END, re.DOTALL)
    for match in (match for content in contents for match in split.finditer(content)):
        partition, offset = int.from_bytes(match[1], "big"), int.from_bytes(match[2], "big", signed=True)
        if offset >= 0:  # others mean the first record, or the end
            found[partition] = max(offset, found.get(partition, 0))
    return found


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
