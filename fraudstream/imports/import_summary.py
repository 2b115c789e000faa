"""Summary of an import."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from schemas.mapping.row_converter import ConvertedRows
from schemas.wall_clock import utc_text


def _in_a_file(row: int) -> str:
    return f"row {row}"


@dataclass
class ImportSummary:
    """Counts of an import.

    Attributes
    ----------
    blank : int
        Rows without any value.
    rejected : Counter of str
        Rejected rows by reason.
    examples : dict of str to str
        Detail of the first rejected row of each reason.
    first_ms, last_ms : int
        Event times, milliseconds since 1970.
    with_customers : bool
        Whether customers are counted, whose ids stay in memory.
    """

    imported: int = 0
    blank: int = 0
    labelled: int = 0
    frauds: int = 0
    first_ms: int = 1 << 62
    last_ms: int = -1
    rejected: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    customers: set[str] = field(default_factory=set)
    with_customers: bool = True

    @property
    def read(self) -> int:
        """Rows of the file that have a value."""
        return self.imported + self.rejected.total()

    def add(self, part: ConvertedRows, where: Callable[[int], str] = _in_a_file) -> None:
        """Count the rows of a part, and say of an example by its row where it is."""
        records = part.records
        self.imported += len(records)
        self.blank += part.blank
        self.add_rejected(part.rejected, where)
        if not len(records):
            return
        times = pc.min_max(records["event_time"].cast(pa.int64())).as_py()
        self.first_ms, self.last_ms = min(self.first_ms, times["min"]), max(self.last_ms, times["max"])
        if self.with_customers:
            self.customers.update(pc.unique(records["customer_id"]).to_pylist())
        if "is_fraud" in records.column_names:
            self.labelled += len(records) - records["is_fraud"].null_count
            self.frauds += pc.sum(records["is_fraud"]).as_py() or 0

    def add_rejected(self, rejected: pa.Table, where: Callable[[int], str] = _in_a_file) -> None:
        """Count rejected rows, see `add`."""
        for reason, count in zip(
            *(item.to_pylist() for item in rejected["reason"].value_counts().flatten()), strict=True
        ):
            self.rejected[reason] += count
            if reason not in self.examples:
                index = pc.index(rejected["reason"], reason).as_py()
                self.examples[reason] = f"{where(rejected['row'][index].as_py())}: {rejected['detail'][index]}"

    def reasons(self) -> list[tuple[str, str, str]]:
        """Return the reasons with their numbers of rows and an example, the most frequent first."""
        return [(reason, f"{count:,}", self.examples[reason]) for reason, count in self.rejected.most_common()]

    def to_dict(self) -> dict[str, object]:
        """Return the counts for JSON."""
        return {
            "read": self.read,
            "blank": self.blank,
            "imported": self.imported,
            "rejected": dict(self.rejected.most_common()),
            "examples": self.examples,
            "first": utc_text(self.first_ms) if self.imported else None,
            "last": utc_text(self.last_ms) if self.imported else None,
            "customers": len(self.customers) if self.with_customers else None,
            "labelled": self.labelled,
            "frauds": self.frauds,
            "fraud_rate": self.frauds / self.labelled if self.labelled else None,
        }
