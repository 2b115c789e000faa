"""Report of a measurement: tables, charts and figures, written as JSON, Markdown and SVG."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from rich.table import Table

from benchmarks.chart import Chart, drawn
from benchmarks.machine import Machine
from benchmarks.quietness import Quietness


@dataclass(frozen=True, kw_only=True)
class Section:
    """A table of a report.

    Attributes
    ----------
    title : str
    columns : sequence of str
        Headings with their units.
    rows : sequence of cells
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Results of a measurement.

    Attributes
    ----------
    suite : str
        Name of the measurement.
    workload : str
        Workload and method, for readers of the figures without the code.
    figures : dict
        Main figures: the last line of the command's output.
    raw : dict
        All measured values.
    sections : sequence of Section
    charts : sequence of Chart
    pages : mapping of name to bytes
        HTML pages written with it.
    broken : sequence of str
        Promises that did not hold, a line each; the command then exits with 1.
    """

    suite: str
    workload: str
    figures: dict[str, Any]
    raw: dict[str, Any]
    sections: Sequence[Section]
    charts: Sequence[Chart] = ()
    pages: Mapping[str, bytes] = field(default_factory=dict)
    broken: Sequence[str] = ()

    @classmethod
    def of_figures(cls, suite: str, workload: str | None, figures: dict[str, Any], **more: Any) -> Self:
        """Return a report whose one table lists the figures; names of nested ones are joined.

        Parameters
        ----------
        suite : str
        workload : str, optional
            The suite's docstring: its line breaks are not kept.
        figures : dict
        more
            Further attributes.
        """
        rows = [(name, figure_text(value)) for name, value in flattened(figures)]
        section = Section(title="Figures", columns=("what", "figure"), rows=rows)
        text = " ".join((workload or "").split())
        return cls(suite=suite, workload=text, figures=figures, raw=figures, sections=[section], **more)

    def show(self, console: Console) -> None:
        """Print the tables."""
        for section in self.sections:
            table = Table(box=None, title=section.title, title_justify="left")
            for column, heading in enumerate(section.columns):
                table.add_column(heading, justify="right" if column else "left")
            for row in section.rows:
                table.add_row(*row)
            console.print(table)

    def write(self, folder: Path, quietness: Quietness | None = None) -> list[Path]:
        """Write the report as JSON and Markdown, its charts as SVG and its pages; return the files."""
        folder.mkdir(parents=True, exist_ok=True)
        machine, at = Machine.here(), datetime.now(UTC).isoformat(timespec="seconds")
        content = {"suite": self.suite, "at": at, "machine": machine.to_dict(), "workload": self.workload}
        if quietness is not None:
            content |= {"quietness": quietness.to_dict()}
        data = {**content, "figures": self.figures, "raw": self.raw}
        files = {
            f"{self.suite}.json": (json.dumps(data, indent=2) + "\n").encode(),
            f"{self.suite}.md": self._markdown(machine, at, quietness).encode(),
            **({f"{self.suite}.svg": drawn(self.charts)} if self.charts else {}),
            **{f"{self.suite}-{name}.html": page for name, page in self.pages.items()},
        }
        for name, written in files.items():
            (folder / name).write_bytes(written)
        return [folder / name for name in files]

    def _markdown(self, machine: Machine, at: str, quietness: Quietness | None) -> str:
        parts = [f"# {self.suite}", self.workload, f"{machine.line}; {at}."]
        if quietness is not None:
            parts += [f"{quietness.line}.", *quietness.disturbances]
        for section in self.sections:
            ruler = ["---", *["---:"] * (len(section.columns) - 1)]
            lines = ["| " + " | ".join(cells) + " |" for cells in (section.columns, ruler, *section.rows)]
            parts += [f"## {section.title}", "\n".join(lines)]
        if self.charts:
            parts.append(f"![{self.suite}]({self.suite}.svg)")
        parts += [f"[{name}]({self.suite}-{name}.html)" for name in self.pages]
        return "\n\n".join(parts) + "\n"


def flattened(figures: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the figures one by one; the names of nested ones are joined."""
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from flattened(value, f"{prefix}{name}: ")
        else:
            yield f"{prefix}{name}", value


def figure_text(value: Any) -> str:
    """Return a value as text, a number with separators of thousands."""
    return f"{value:,}" if isinstance(value, int | float) else str(value)
