"""Charts of a report, drawn as SVG."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from models.training.report_charts import STYLE

Points = Sequence[tuple[float, float]]
MAX_MARKED = 150
"""Points of a curve up to which each has a marker."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One picture of a report.

    Attributes
    ----------
    title, x, y : str
        Title, and the axes' names with their units.
    lines : mapping of name to points
        Curves by name.
    bars : mapping of name to numbers
        Rows by name, with a bar that ends at the mean and a dot for every number; lines or bars, not both.
    x_scale, y_scale : {"linear", "log"}
    signed : bool
        Whether the curves go below 0.
    """

    title: str
    x: str
    y: str = ""
    lines: Mapping[str, Points] | None = None
    bars: Mapping[str, Sequence[float]] | None = None
    x_scale: Literal["linear", "log"] = "linear"
    y_scale: Literal["linear", "log"] = "linear"
    signed: bool = False


def drawn(charts: Sequence[Chart]) -> bytes:
    """Return charts below each other, as SVG."""
    with mpl.rc_context(STYLE):
        heights = [_height(chart) for chart in charts]
        figure = Figure(figsize=(7.5, sum(heights)), layout="constrained")
        rows = figure.subplots(len(charts), squeeze=False, height_ratios=heights)[:, 0]
        for axes, chart in zip(rows, charts, strict=True):
            axes.set(title=chart.title, xlabel=chart.x, ylabel=chart.y, xscale=chart.x_scale, yscale=chart.y_scale)
            if chart.bars is not None:
                _draw_bars(axes, chart.bars)
            else:
                _draw_lines(axes, chart)
        file = io.BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def _height(chart: Chart) -> float:
    return 3.0 if chart.bars is None else 1.0 + 0.25 * len(chart.bars)


def _draw_bars(axes: Axes, bars: Mapping[str, Sequence[float]]) -> None:
    for row, values in enumerate(bars.values()):
        axes.barh(row, sum(values) / len(values), height=0.7, color="#9dbbe0")
        if len(values) > 1:
            axes.plot(values, [row] * len(values), ".", color="#1f5fa8")
    axes.set_yticks(range(len(bars)), list(bars))
    axes.invert_yaxis()


def _draw_lines(axes: Axes, chart: Chart) -> None:
    for name, points in (chart.lines or {}).items():
        style = "o-" if len(points) <= MAX_MARKED else "-"
        axes.plot([x for x, _ in points], [y for _, y in points], style, ms=3, lw=1.2, label=name)
    if chart.y_scale == "linear" and not chart.signed:
        axes.set_ylim(bottom=0)
    if len(chart.lines or {}) > 1:
        axes.legend(frameon=False, fontsize=8)
