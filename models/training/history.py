"""Labelled history, read and replayed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.declared.declared_engine import tracker_of
from models.declared.declared_features import aggregate_tables
from models.features.replay import replay_features
from models.features.risk import RiskTable
from models.features.row_columns import RowColumns
from models.features.table import FEATURES, RISK_SOURCES
from models.training.protocol import Transactions
from schemas.columns import LABELLED_ARROW, read_history
from schemas.declaration.declaration import Declaration
from schemas.file_limits import USUAL_LIMITS, FileLimits
from schemas.value_columns import plain

NO_COLUMNS = pa.schema([])

Progress = Callable[[str, int, int], None]
"""Callback with a stage's name, the amount done and the total."""


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """A labelled history, replayed: n rows in event order.

    Parameters
    ----------
    x : ndarray of float32, (n, F)
        The first F of `FEATURES`, or all of them and those of declared columns.
    duplicate : ndarray of bool, (n,)
        Rows that the job would drop.
    """

    table: pa.Table
    transactions: Transactions
    x: NDArray[np.float32]
    duplicate: NDArray[np.bool_]
    category_risk: RiskTable
    type_risk: RiskTable
    row_columns: RowColumns | None = None

    @property
    def scenario(self) -> NDArray[np.object_] | None:
        """Kind of each fraud (n,), None where the column `scenario` is missing or no text."""
        return scenario_of(self.table)


def scenario_of(table: pa.Table) -> NDArray[np.object_] | None:
    """Return the column `scenario` (n,) if it is text; in other files the column may have another meaning."""
    column = plain(table["scenario"]) if "scenario" in table.column_names else None
    return column.to_numpy() if column is not None and pa.types.is_string(column.type) else None


def read_labelled(
    path: Path,
    progress: Progress,
    *,
    timezone: str | None = None,
    limits: FileLimits = USUAL_LIMITS,
    further: pa.Schema = NO_COLUMNS,
) -> pa.Table:
    """Read a labelled history, see `read_history`, and report progress.

    Parameters
    ----------
    further : pyarrow.Schema
        Declared columns, which are read too.
    """
    progress("read", 0, 1)
    table = read_history(path, pa.schema([*LABELLED_ARROW, *further]), timezone=timezone, limits=limits)
    progress("read", 1, 1)
    return table


def replay_history(
    table: pa.Table,
    transactions: Transactions,
    fit_rows: NDArray[np.bool_],
    progress: Progress,
    *,
    width: int = len(FEATURES),
    declaration: Declaration | None = None,
) -> History:
    """Compute the features of a history, each row's from what was known before it.

    Parameters
    ----------
    table : pyarrow.Table
        From `read_labelled`.
    transactions : Transactions
        The table's transactions.
    fit_rows : ndarray of bool, (n,)
        Rows that the risk tables are fitted on.
    progress : callable of (str, int, int)
    width : int
        See `replay_features`.
    declaration : Declaration, optional
        Declared columns and aggregates: their features follow all of `FEATURES`.
    """
    fitted = pa.array(fit_rows)
    aggregates = None if declaration is None else aggregate_tables(declaration)
    row_columns = RowColumns.fit(declaration, table.filter(fitted), transactions.is_fraud[fit_rows], aggregates)
    category_risk, type_risk = (
        RiskTable.fit(table[column].filter(fitted), transactions.is_fraud[fit_rows]) for column in RISK_SOURCES.values()
    )
    x, duplicate = replay_features(
        table,
        category_risk=category_risk,
        type_risk=type_risk,
        with_labels=True,
        width=width,
        row_columns=row_columns,
        declared=tracker_of(row_columns),
        progress=lambda done, total: progress("replay", done, total),
    )
    return History(
        table=table,
        transactions=transactions,
        x=x,
        duplicate=duplicate,
        category_risk=category_risk,
        type_risk=type_risk,
        row_columns=row_columns,
    )
