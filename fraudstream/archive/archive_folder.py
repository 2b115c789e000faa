"""Archive folder: Parquet files by date, and the offsets that they reach."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from fraudstream.archive.writer_lock import LOCK_FILE, WriterLock
from fraudstream.system.kept_json import read_kept
from models.features.former_names import FORMER_NAMES
from models.features.table import FEATURE_NAMES, TABLE_WIDTHS
from models.whole_file import replace_file, sync, whole_file
from schemas.columns import INFERENCE_ARROW
from schemas.errors import UserError
from schemas.parquet_dataset import parquet_dataset
from schemas.s3_path import S3Path, reading

STATE_FILE = "_archive.json"  # readers of datasets pass over names that begin so
OUR_NAME = re.compile(r"(?P<partial>_)?(?P<partition>\d+)-(?P<offset>\d{20})\.parquet")
LOG_PARTITION, LOG_OFFSET, OTHER_FEATURES = "log_partition", "log_offset", "other_features"

ARCHIVE_ARROW = pa.schema(
    [
        *(field for field in INFERENCE_ARROW if field.name != "features"),
        pa.field(LOG_PARTITION, pa.int32(), nullable=False),
        pa.field(LOG_OFFSET, pa.int64(), nullable=False),
        *(pa.field(name, pa.float32()) for name in FEATURE_NAMES),
        pa.field(OTHER_FEATURES, pa.list_(pa.float32())),
    ]
)
"""Columns of an archived row: the record, its position in the inference topic, and a column for each feature.

A record of an earlier version has no value in the columns of later features. One of another feature table, whose names
this version does not know, has its features as a list at the end.
"""

_READ_ARROW = pa.schema([*ARCHIVE_ARROW, *(pa.field(name, pa.float32()) for name in FORMER_NAMES)])
_FORMER = {present: former for former, present in FORMER_NAMES.items()}


@dataclass(frozen=True, kw_only=True)
class _State:
    """Contents of STATE_FILE: the topic, Kafka's id of it, and by partition where to continue."""

    topic: str
    next_offsets: dict[int, int]
    topic_id: str | None = None


class ArchiveFolder:
    """A folder of Parquet files, one for each event date, partition of the inference topic and first offset.

    It holds each record once, even if the writer is killed: a file appears under its name when it is whole and on disk,
    and the state file, which has the end of the archive, is replaced after that. Files beyond that end are
    of a batch that was not finished; they are removed when the folder is opened, and the batch is read again.

    Parameters
    ----------
    root : Path
        Made when absent.

    Raises
    ------
    UserError
        Another process writes here, or the folder holds another topic or something else.
    """

    def __init__(self, root: Path, topic: str) -> None:
        self._root = root
        self._topic = topic
        root.mkdir(parents=True, exist_ok=True)
        self._lock = WriterLock(root)
        self.topic_id: str | None = None
        self.next_offsets: dict[int, int] = {}
        self.next_offsets = self._read_state()
        self._remove_unfinished()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def write(self, table: pa.Table, next_offsets: dict[int, int]) -> int:
        """Keep rows for good.

        Parameters
        ----------
        table : pyarrow.Table
            In the columns of ARCHIVE_ARROW, each partition from where `next_offsets` of before ended.
        next_offsets : dict of int to int
            By partition, where to continue after these rows.

        Returns
        -------
        int
            Files written.
        """
        dates = pc.strftime(table["event_time"], format="%Y-%m-%d")
        folders = set()
        files = 0
        for partition in pc.unique(table[LOG_PARTITION]).to_pylist():
            here = pc.equal(table[LOG_PARTITION], partition)
            for date in pc.unique(dates.filter(here)).to_pylist():
                folder = self._root / f"date={date}"
                folder.mkdir(exist_ok=True)
                folders.add(folder)
                rows = table.filter(pc.and_(here, pc.equal(dates, date)))
                _write_whole(rows, folder / _name(partition, self.next_offsets.get(partition, 0)))
                files += 1
        for folder in (*folders, self._root):
            sync(folder)
        self._write_state({**self.next_offsets, **next_offsets})
        return files

    def note_topic(self, topic_id: str | None) -> None:
        """Keep Kafka's id of the topic that the archive is of; refuse another one of the same name.

        Parameters
        ----------
        topic_id
            As the brokers have it now, None where they do not return it.

        Raises
        ------
        UserError
            The topic was deleted and created again.
        """
        if topic_id is None or topic_id == self.topic_id:
            return
        if self.topic_id is not None:
            raise UserError(
                f"expected the topic {self._topic} with the id {self.topic_id}, which the archive at {self._root} is "
                f"of, got the id {topic_id}: the topic was deleted and created again. Choose another --out"
            )
        self.topic_id = topic_id
        self._write_state(self.next_offsets)

    def _read_state(self) -> dict[int, int]:
        path = self._root / STATE_FILE
        if not path.exists():
            found = {item.name for item in self._root.glob("*")} - {LOCK_FILE, f"{STATE_FILE}.partial"}
            if found:
                raise UserError(f"expected an archive or an empty folder at {self._root}, got {min(found)} in it")
            self._write_state({})
        state = self._parse_state()
        if state.topic != self._topic:
            raise UserError(
                f"expected an archive of the topic {self._topic} at {self._root}, got one of {state.topic}: "
                "choose another --out"
            )
        self.topic_id = state.topic_id
        return state.next_offsets

    def _parse_state(self) -> _State:
        path, advice = self._root / STATE_FILE, "Restore the file, or choose another --out"
        state: _State = read_kept(path, _State, "how far an archive goes", advice)
        return state

    def _write_state(self, next_offsets: dict[int, int]) -> None:
        by_name = {str(partition): offset for partition, offset in sorted(next_offsets.items())}
        state = {"topic": self._topic, "topic_id": self.topic_id, "next_offsets": by_name}
        if isinstance(self._root, S3Path):
            self._require_own_state()
        replace_file(self._root / STATE_FILE, orjson.dumps(state, option=orjson.OPT_APPEND_NEWLINE), synced=True)
        sync(self._root)
        self.next_offsets = next_offsets

    def _require_own_state(self) -> None:
        """Refuse to go on where a writer of another machine, which no lock excludes, was here since."""
        path = self._root / STATE_FILE
        if path.exists() and self._parse_state().next_offsets != self.next_offsets:
            raise UserError(
                f"expected no other archive writing to {self._root}, but one on another machine is: stop one of them. "
                "If both wrote the same offsets, archive again into another --out"
            )

    def _remove_unfinished(self) -> None:
        for file in self._root.glob("date=*/*"):
            name = OUR_NAME.fullmatch(file.name)
            if name and (name["partial"] or int(name["offset"]) >= self.next_offsets.get(int(name["partition"]), 0)):
                file.unlink()


def archived_files(root: Path) -> list[Path]:
    """Return the files of an archive, those that are being written aside."""
    return sorted(root.glob("date=*/[0-9]*.parquet"))


def archive_table(records: pa.RecordBatch, positions: Sequence[tuple[int, int]]) -> pa.Table:
    """Return records of the inference topic in the columns of ARCHIVE_ARROW.

    Parameters
    ----------
    records : pyarrow.RecordBatch
        n rows of INFERENCE_ARROW.
    positions : n pairs of int
        The partition and the offset of each.
    """
    features = records.column("features")
    widths = _known_widths(records.column("feature_spec_hash"), features)
    x = np.full((len(records), len(FEATURE_NAMES)), np.nan, np.float32)
    for width in np.unique(widths[widths > 0]).tolist():
        here = widths == width
        x[here, :width] = features.filter(pa.array(here)).flatten().to_numpy().reshape(-1, width)
    columns = [
        *(records.column(name) for name in INFERENCE_ARROW.names if name != "features"),
        pa.array([partition for partition, _ in positions], pa.int32()),
        pa.array([offset for _, offset in positions], pa.int64()),
        *(pa.array(np.ascontiguousarray(x[:, index]), mask=widths <= index) for index in range(len(FEATURE_NAMES))),
        pc.if_else(pa.array(widths > 0), pa.scalar(None, features.type), features),
    ]
    return pa.Table.from_arrays(columns, schema=ARCHIVE_ARROW)


def _known_widths(spec_hashes: pa.StringArray, features: pa.ListArray) -> NDArray[np.int64]:
    """Return the number of features of each record, 0 where their names are not known.

    A job logs all features that it computes, also those that a model of a former table does not read. Another number
    under a known hash is none of our job's records.
    """
    lengths = pc.list_value_length(features).to_numpy(zero_copy_only=False)
    read = np.array([TABLE_WIDTHS.get(item, len(FEATURE_NAMES) + 1) for item in spec_hashes.to_pylist()], np.int64)
    known = np.isin(lengths, list(TABLE_WIDTHS.values())) & (lengths >= read)
    return np.where(known, lengths, 0).astype(np.int64)


def _name(partition: int, first_offset: int) -> str:
    return f"{partition}-{first_offset:020d}.parquet"


def _unfinished(path: Path) -> Path:
    return path.with_name(f"_{path.name}")


def _write_whole(rows: pa.Table, path: Path) -> None:
    with whole_file(path, partial=_unfinished(path), synced=True) as partial:
        pq.write_table(rows, partial)


def _values_of(name: str) -> pc.Expression:
    """Return a column of the archive, whose files of an earlier version have it under its former name."""
    return pc.coalesce(pc.field(name), pc.field(_FORMER[name])) if name in _FORMER else pc.field(name)


def read_archived_files(root: Path, columns: list[str], wanted: pc.Expression | None = None) -> pa.Table | None:
    """Read columns of an archive's rows; None where it has no file.

    Parameters
    ----------
    columns : list of str
        Of ARCHIVE_ARROW.
    wanted : pyarrow.compute.Expression, optional
        Filter of the rows.

    Raises
    ------
    UserError
        A file of it is none that `fraudstream archive` wrote, or was cut.
    """
    files = archived_files(root)
    if not files:
        return None
    try:
        with reading(root):
            found = parquet_dataset(files)  # has the columns of the first file; those of an earlier version lack some
            ours = found.replace_schema(_READ_ARROW) if LOG_OFFSET in found.schema.names else found
            return ours.to_table(columns={name: _values_of(name) for name in columns}, filter=wanted)
    except (pa.ArrowException, OSError) as error:
        got = str(error).splitlines()[0][:200]
        raise UserError(
            f"expected Parquet files of `fraudstream archive` in {root}, got: {got}. Restore the file; or archive "
            "again into another folder, if the topic still holds the records"
        ) from None
