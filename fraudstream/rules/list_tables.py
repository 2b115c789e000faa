"""Tables of list entries."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from models.rules.lookup import FOR_EVER_MS
from models.rules.text_table import TextTable
from schemas.list_entry import ListEntryRecord


def list_tables(entries: Mapping[str, Mapping[str, ListEntryRecord]]) -> dict[str, TextTable]:
    """Return the entries of each list as a table of the rule engine."""
    tables = {}
    for name, found in entries.items():
        ends = [entry.until for entry in found.values()]
        until_ms = [FOR_EVER_MS if end is None else round(end.timestamp() * 1000) for end in ends]
        tables[name] = TextTable()
        tables[name].put(pa.array([*found], pa.string()), np.array(until_ms, np.int64))
    return tables
