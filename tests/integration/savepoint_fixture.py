"""Savepoints as releases left them, each with the stream that it was taken from; the files are never to be changed."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SAVEPOINTS = Path(__file__).parents[1] / "fixtures" / "savepoints"
PARTITIONS = 2
"""Of the topics: with as many, the same keys give the offsets that the savepoint names."""

LABELLED, SCORED, OPEN, LATER = "labelled", "scored", "open", "later"
"""How far each transaction was when the savepoint was taken: scored with its label known as well, scored, in the open
micro-batch, and not yet read."""


@dataclass(frozen=True, kw_only=True)
class SavepointFixture:
    """The savepoint of one release.

    Attributes
    ----------
    version : str
        Of fraudstream; the folder's name.
    stream : pyarrow.Table
        Labelled transactions in the order sent, with a column `stage`, see LABELLED. The labelled ones come first.
    """

    version: str
    stream: pa.Table

    @classmethod
    def read(cls, version: str) -> "SavepointFixture":
        return cls(version=version, stream=pq.read_table(SAVEPOINTS / version / "stream.parquet"))

    @property
    def folder(self) -> Path:
        return SAVEPOINTS / self.version / "savepoint"

    @property
    def topics_prefix(self) -> str:
        """Prefix of the topics' names, which are part of the state."""
        return f"savepoint-{self.version}"

    def rows(self, *stages: str) -> pa.Table:
        return self.stream.filter(pc.is_in(self.stream["stage"], pa.array(stages)))

    def ids(self, *stages: str) -> list[str]:
        return self.rows(*stages)["transaction_id"].to_pylist()

    def write(self) -> None:
        pq.write_table(self.stream, SAVEPOINTS / self.version / "stream.parquet", compression="zstd")


def versions() -> list[str]:
    """Return the releases that have one."""
    return sorted(file.parent.name for file in SAVEPOINTS.glob("*/stream.parquet"))
