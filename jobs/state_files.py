"""Files of an exported state: entries of all shards, independent of their number, of the mode and of Flink."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from jobs.job_config import JobConfig
from models.drift.signals import SIGNALS
from models.whole_file import whole_file
from schemas.errors import UserError
from schemas.parquet_dataset import parquet_dataset
from schemas.s3_path import arrow_source

FORM = b"state v1"
"""Version of the files."""

SHARED = -1
"""Bucket of entries that no key routes: they are of every shard."""

CUSTOMERS, ENTITIES, DRIFT = "customers", "entities", "drift"
"""Parts of a state by what they are keyed by: shards of customers, shards of entities, drift signals."""

IMPORTED = "imported_"
"""Beginning of the name of Flink's counter of a part's shards that have their state."""

_ENTRIES = pa.schema(
    [("handle", pa.string()), ("bucket", pa.int16()), ("key", pa.string()), ("value", pa.binary())],
    metadata={"fraudstream": FORM},
)
_UNPROCESSED = b"unprocessed"
_CHUNK, _GROUP = 20_000, 1_000
"""Entries that are sorted together, and entries of a row group: a reader passes over groups of other buckets."""

Unprocessed = Mapping[str, Collection[int]]
"""Positions of the records in open micro-batches, by source table."""


class StateFileError(UserError):
    """A file that is not one of an exported state, or is of another version."""


class StateEntry(NamedTuple):
    """One entry of a shard's state.

    Parameters
    ----------
    handle : str
        Handle of the state, see `ShardState` and `EntityState`.
    bucket : int
        See `jobs.shards.BUCKETS`; of a drift signal its number.
    key : str
        Empty for a value.
    value : bytes
        In the version that it says itself.
    """

    handle: str
    bucket: int
    key: str
    value: bytes


def parts(config: JobConfig) -> dict[str, int]:
    """Return the number of files of each part of a job's state, one for each shard or signal."""
    return {CUSTOMERS: config.shards, ENTITIES: config.entity_shards, DRIFT: len(SIGNALS)}


def state_files(folder: Path, part: str) -> list[Path]:
    """List the files of a part."""
    return sorted(folder.glob(f"{part}-*.parquet"))


def state_file(folder: Path, part: str, index: int) -> Path:
    """Return the file of one shard of a part."""
    return folder / f"{part}-{index:03}.parquet"


def write_entries(file: Path, entries: Iterable[StateEntry], unprocessed: Unprocessed) -> None:
    """Write a shard's entries; the file appears whole, and replaces one of an attempt before.

    Parameters
    ----------
    entries : iterable of StateEntry
    """
    found = json.dumps({table: sorted(positions) for table, positions in unprocessed.items()})
    schema = _ENTRIES.with_metadata({**(_ENTRIES.metadata or {}), _UNPROCESSED: found.encode()})
    left = iter(entries)
    with (
        whole_file(file, partial=file.with_suffix(".draft")) as draft,
        pq.ParquetWriter(draft, schema, compression="zstd") as writer,
    ):
        while chunk := list(islice(left, _CHUNK)):
            columns = [list(column) for column in zip(*chunk, strict=True)]
            table = pa.Table.from_arrays(
                [pa.array(column, field.type) for column, field in zip(columns, _ENTRIES, strict=True)],
                schema=schema,
            )
            writer.write_table(table.sort_by("bucket"), row_group_size=_GROUP)


def read_entries(file: Path, buckets: Collection[int]) -> Iterator[StateEntry]:
    """Yield the entries of some buckets, those of a handle one after the other.

    Raises
    ------
    StateFileError
        It is another file.
    """
    require_state_file(file)
    wanted = ds.field("bucket").isin(pa.array(buckets, pa.int16()))
    for batch in parquet_dataset([file]).to_batches(filter=wanted, batch_size=_GROUP, use_threads=False):
        yield from map(StateEntry._make, zip(*(column.to_pylist() for column in batch.columns), strict=True))


def read_unprocessed(file: Path) -> dict[str, list[int]]:
    """Return the positions of the records in open micro-batches of a file's shard, by source table."""
    found: dict[str, list[int]] = json.loads(require_state_file(file)[_UNPROCESSED])
    return found


def require_state_file(file: Path) -> dict[bytes, bytes]:
    """Return the metadata of a file.

    Raises
    ------
    StateFileError
        It is another file, cut off, or of another version.
    """
    try:
        schema = pq.read_schema(arrow_source(file))
    except (OSError, pa.ArrowInvalid) as error:
        raise StateFileError(f"expected a file of an exported state at {file}, got {error}. Export again") from None
    metadata: dict[bytes, bytes] = schema.metadata or {}
    if metadata.get(b"fraudstream") != FORM or _UNPROCESSED not in metadata:
        was = metadata.get(b"fraudstream", b"another one").decode(errors="replace")
        raise StateFileError(
            f"expected a file of {FORM.decode()} at {file}, got {was}. Use the version of fraudstream that wrote it"
        )
    return metadata
