"""HTML page of the exploration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import altair as alt
import jinja2
import pyarrow as pa
import vl_convert

MAX_ROWS = 100
"""Maximum of rows of a table on the page."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """Section of the page: a chart or a table, with its query."""

    name: str
    heading: str
    text: str
    sql: str
    rows: int
    chart: dict[str, Any] | None = None
    columns: Sequence[str] = ()
    cells: Sequence[Sequence[str]] = ()


class Page:
    """Self-contained HTML page: the charts, and the programs that draw them."""

    def __init__(self, title: str, subtitle: str) -> None:
        self._title, self._subtitle = title, subtitle
        self._sections: list[Section] = []

    def add_chart(self, name: str, heading: str, text: str, *, sql: str, chart: alt.TopLevelMixin, rows: int) -> None:
        """Append a chart; without rows the page says that there is nothing to show."""
        drawn = chart.to_dict() if rows else None
        self._sections.append(Section(name=name, heading=heading, text=text, sql=sql, rows=rows, chart=drawn))

    def add_table(self, name: str, heading: str, text: str, *, sql: str, table: pa.Table) -> None:
        """Append the first MAX_ROWS rows of a table."""
        cells = [[_cell(value) for value in row.values()] for row in table.slice(0, MAX_ROWS).to_pylist()]
        self._sections.append(
            Section(
                name=name, heading=heading, text=text, sql=sql, rows=len(table), columns=table.column_names, cells=cells
            )
        )

    def write(self, path: Path) -> None:
        """Write the page."""
        template = jinja2.Environment(autoescape=True).from_string(
            Path(__file__).with_name("page.html.j2").read_text(encoding="utf-8")
        )
        text = template.render(
            title=self._title,
            subtitle=self._subtitle,
            sections=self._sections,
            charts=[section.chart for section in self._sections],
            drawing=vl_convert.javascript_bundle(),
        )
        path.write_text(text, encoding="utf-8")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:,.3f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
