"""Savepoints of releases, each with its stream; the files must never change."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SAVEPOINTS = Path(__file__).parents[1] / "fixtures" / "savepoints"
PARTITIONS = 2
"""Partitions of the topics: with as many, equal keys give the offsets in the savepoint."""

LABELLED, SCORED, OPEN, LATER = "labelled", "scored", "open", "later"
"""Stages of transactions at the time of the savepoint: scored with a known label, scored, in the open
micro-batch, and not yet read."""


@dataclass(frozen=True, kw_only=True)
class SavepointFixture:
    """The savepoint of one release.

    Attributes
    ----------
    version : str
        Release of fraudstream; the name of the folder.
    stream : pyarrow.Table
        Labelled transactions as sent, with a column `stage`, see LABELLED. Those with known labels come first.
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
        """Prefix of the topic names, which are part of the state."""
        return f"savepoint-{self.version}"

    def rows(self, *stages: str) -> pa.Table:
        return self.stream.filter(pc.is_in(self.stream["stage"], pa.array(stages)))

    def ids(self, *stages: str) -> list[str]:
        return self.rows(*stages)["transaction_id"].to_pylist()

    def write(self) -> None:
        pq.write_table(self.stream, SAVEPOINTS / self.version / "stream.parquet", compression="zstd")


def versions() -> list[str]:
    """Return the releases with a savepoint."""
    return sorted(file.parent.name for file in SAVEPOINTS.glob("*/stream.parquet"))
