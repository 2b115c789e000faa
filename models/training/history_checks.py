from __future__ import annotations

import logging
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa
import pyarrow.compute as pc
from pandera.errors import SchemaErrors

from schemas.errors import UserError
from schemas.validation import MAX_TEXT_BYTES, Limits

SHOWN = 5
"""How many of the rows that break a rule are shown."""

_log = logging.getLogger(__name__)


class HistoryError(UserError):
    """A history with rows that the job would refuse, or with labels that cannot be."""


class _Rule(NamedTuple):
    """What is expected of a checked number, and the columns of the history to show where it is not so."""

    check: pandera.Check
    expected: str
    shown: tuple[str, ...]


_ID = pandera.Check.in_range(1, MAX_TEXT_BYTES)
_MOST = Limits().max_amount_minor

# The job's own limits, so that a model learns from what the job will score; and what only labels can break.
_RULES: dict[str, _Rule] = {
    **{
        f"{name} bytes": _Rule(_ID, f"{name} of 1 to {MAX_TEXT_BYTES} bytes", (name,))
        for name in ("transaction_id", "customer_id", "merchant_id")
    },
    "amount": _Rule(pandera.Check.in_range(0, _MOST), f"amount_minor from 0 to {_MOST}", ("amount_minor",)),
    "event time": _Rule(pandera.Check.ge(0), "event_time from 1970 on", ("event_time",)),
    "delay": _Rule(pandera.Check.ge(0), "label_time at or after event_time", ("event_time", "label_time")),
    "latitude": _Rule(pandera.Check.in_range(-90, 90), "latitude from -90 to 90", ("latitude",)),
    "longitude": _Rule(pandera.Check.in_range(-180, 180), "longitude from -180 to 180", ("longitude",)),
    "half place": _Rule(pandera.Check.eq(0), "both coordinates or none", ("latitude", "longitude")),
}

_SCHEMA = pandera.DataFrameSchema(
    {
        name: pandera.Column(checks=rule.check, nullable=name in {"latitude", "longitude"})
        for name, rule in _RULES.items()
    }
)


def check_history(table: pa.Table, path: Path) -> None:
    """Refuse a history with values that cannot be; log a warning where ids repeat.

    Parameters
    ----------
    table : pyarrow.Table
        As `read_history` returns it, with the columns of `LABELLED_ARROW`.
    path : Path
        The file, for the message.

    Raises
    ------
    HistoryError
        Rows break a rule: the message names the rules, and the first rows that break each.
    """
    try:
        _SCHEMA.validate(_checked_numbers(table), lazy=True)
    except SchemaErrors as error:
        raise HistoryError(_report(error.failure_cases, table, path)) from None
    repeated = len(table) - pc.count_distinct(table["transaction_id"]).as_py()
    if repeated:
        _log.warning("%s: %s rows repeat a transaction_id: those that the job would drop are left out", path, repeated)


def _checked_numbers(table: pa.Table) -> pd.DataFrame:
    """Return a column for each rule; strings as their lengths, since objects would take seconds."""
    event_time, label_time = (table[name].cast(pa.int64()).to_numpy() for name in ("event_time", "label_time"))
    latitude, longitude = (table[name].to_numpy().astype(np.float64) for name in ("latitude", "longitude"))
    lengths = {
        f"{name} bytes": pc.binary_length(table[name]).to_numpy()
        for name in ("transaction_id", "customer_id", "merchant_id")
    }
    return pd.DataFrame(
        {
            **lengths,
            "amount": table["amount_minor"].to_numpy(),
            "event time": event_time,
            "delay": label_time - event_time,
            "latitude": latitude,
            "longitude": longitude,
            "half place": (np.isnan(latitude) != np.isnan(longitude)).astype(np.int8),
        }
    )


def _report(failures: pd.DataFrame, table: pa.Table, path: Path) -> str:
    lines = []
    for name, cases in failures.groupby("column", sort=False):
        rule, rows = _RULES[str(name)], cases["index"].astype(int).tolist()
        lines.append(f"  expected {rule.expected}; was not so in {len(rows):,} rows:")
        lines += [f"    {_describe(table, row, rule.shown)}" for row in rows[:SHOWN]]
        lines += ["    ..."] if len(rows) > SHOWN else []
    return "\n".join(
        [f"{path}: expected transactions that the job would score, was:", *lines, "Mend these rows or leave them out"]
    )


def _describe(table: pa.Table, row: int, columns: tuple[str, ...]) -> str:
    values = ", ".join(f"{name} {table[name][row].as_py()!s:.80}" for name in columns)
    transaction = str(table["transaction_id"][row].as_py())[:80]
    return f"transaction_id {transaction!r} (row {row} by event_time): {values}"
