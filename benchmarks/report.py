import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.chart import Chart, drawn
from benchmarks.machine import Machine


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
    """What a suite found.

    Attributes
    ----------
    suite : str
    workload : str
        What was done and how it was measured, for who reads the figures without the code.
    figures : dict
        The few that matter, the last line of the command's output.
    raw : dict
        All that was measured, plain values.
    sections : sequence of Section
    charts : sequence of Chart
    pages : mapping of name to bytes
        Pages of HTML to go with it.
    """

    suite: str
    workload: str
    figures: dict[str, Any]
    raw: dict[str, Any]
    sections: Sequence[Section]
    charts: Sequence[Chart] = ()
    pages: Mapping[str, bytes] = field(default_factory=dict)

    def show(self, console: Console) -> None:
        """Print the tables."""
        for section in self.sections:
            table = Table(box=None, title=section.title, title_justify="left")
            for place, heading in enumerate(section.columns):
                table.add_column(heading, justify="right" if place else "left")
            for row in section.rows:
                table.add_row(*row)
            console.print(table)

    def write(self, folder: Path) -> list[Path]:
        """Write it as JSON and Markdown, its charts as SVG and its pages; return the files."""
        folder.mkdir(parents=True, exist_ok=True)
        machine, at = Machine.here(), datetime.now(UTC).isoformat(timespec="seconds")
        content = {"suite": self.suite, "at": at, "machine": machine.to_dict(), "workload": self.workload}
        data = {**content, "figures": self.figures, "raw": self.raw}
        files = {
            f"{self.suite}.json": (json.dumps(data, indent=2) + "\n").encode(),
            f"{self.suite}.md": self._markdown(machine, at).encode(),
            **({f"{self.suite}.svg": drawn(self.charts)} if self.charts else {}),
            **{f"{self.suite}-{name}.html": page for name, page in self.pages.items()},
        }
        for name, written in files.items():
            (folder / name).write_bytes(written)
        return [folder / name for name in files]

    def _markdown(self, machine: Machine, at: str) -> str:
        parts = [f"# {self.suite}", self.workload, f"{machine.line}; {at}."]
        for section in self.sections:
            ruler = ["---", *["---:"] * (len(section.columns) - 1)]
            lines = ["| " + " | ".join(cells) + " |" for cells in (section.columns, ruler, *section.rows)]
            parts += [f"## {section.title}", "\n".join(lines)]
        if self.charts:
            parts.append(f"![{self.suite}]({self.suite}.svg)")
        parts += [f"[{name}]({self.suite}-{name}.html)" for name in self.pages]
        return "\n\n".join(parts) + "\n"
