"""Charts of reports, as SVG."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.training.metrics import calibration_bins, operating_points
from schemas.durations import DAY_MS

MAX_POINTS = 300
"""Maximum of points of a curve: more are not visible and make the page larger."""

BLUE, ORANGE, GREY = "#1f5fa8", "#c8601a", "#9aa3ad"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: small, and searchable
    "svg.hashsalt": "fraudstream",  # the same figures give the same file
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.alpha": 0.25,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """Rows that a model was measured on.

    Parameters
    ----------
    period : str
        ``test`` or ``validation``.
    event_time_ms : ndarray of int64, (n,)
    is_fraud : ndarray of bool, (n,)
    scores : ndarray of float32, (n,)
    scenario : ndarray of str or None, (n,), optional
        Kind of each fraud, where the history has it.
    """

    name: str
    period: str
    event_time_ms: NDArray[np.int64]
    is_fraud: NDArray[np.bool_]
    scores: NDArray[np.float32]
    scenario: NDArray[np.object_] | None = None


def precision_recall_chart(measured: Sequence[Measured]) -> str:
    """Return the precision-recall curve of each, as SVG."""

    def draw(axes: Axes) -> None:
        for one in measured:
            _, caught, flagged = operating_points(one.is_fraud, one.scores)
            precision, recall = caught / flagged, caught / max(int(caught[-1]), 1)
            points = np.unique(np.searchsorted(recall, np.linspace(0, 1, MAX_POINTS)).clip(max=len(recall) - 1))
            test = one.period == "test"
            line, width = ("-", 1.4) if test else ("--", 0.9)
            axes.plot(recall[points], precision[points], line, lw=width, label=one.name)
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
        axes.legend(frameon=False, fontsize=7)

    return svg(draw)


def calibration_chart(measured: Sequence[Measured]) -> str:
    """Return promised against observed fraud rate, all rows together, as SVG."""

    def draw(axes: Axes) -> None:
        is_fraud, scores = (np.concatenate([getattr(m, what) for m in measured]) for what in ("is_fraud", "scores"))
        promised, observed, rows = calibration_bins(is_fraud, scores)
        axes.plot([0, 1], [0, 1], "--", color=GREY, lw=0.9)
        axes.plot(promised, observed, "o-", color=BLUE, ms=4)
        for x, y, count in zip(promised, observed, rows, strict=True):
            axes.annotate(f"{count:,}", (x, y), xytext=(4, -9), textcoords="offset points", fontsize=6, color=GREY)
        axes.set(xlabel="mean probability", ylabel="share of frauds (with row counts)", xlim=(0, 1), ylim=(0, 1.02))

    return svg(draw)


def day_chart(measured: Sequence[Measured]) -> str:
    """Return mean score and share of frauds of each day, as SVG."""

    def draw(axes: Axes) -> None:
        day = np.concatenate([m.event_time_ms for m in measured]) // DAY_MS
        days, of_row, rows = np.unique(day, return_inverse=True, return_counts=True)
        dates = days.astype("datetime64[D]").astype(str)
        for what, colour, label in (("scores", BLUE, "mean score"), ("is_fraud", ORANGE, "share of frauds")):
            values = np.concatenate([getattr(m, what) for m in measured])
            axes.plot(np.arange(len(days)), np.bincount(of_row, values) / rows, "o-", ms=3, color=colour, label=label)
        step = -(-len(days) // 7)
        axes.set_xticks(np.arange(len(days))[::step], dates[::step], rotation=30, ha="right")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, fontsize=7)

    return svg(draw)


def bar_chart(values: Mapping[str, float], label: str) -> str:
    """Return a horizontal bar for each value, the first on top, as SVG."""

    def draw(axes: Axes) -> None:
        names = list(values)
        axes.barh(np.arange(len(names)), list(values.values()), color=BLUE, height=0.7)
        axes.set_yticks(np.arange(len(names)), names, fontsize=8)
        axes.invert_yaxis()
        axes.set_xlabel(label)

    return svg(draw, height=max(1.2, 0.6 + 0.2 * len(values)))


def svg(draw: Callable[[Axes], None], height: float = 3.4) -> str:
    """Return the drawing of `draw` as SVG, in the style of all charts."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.2, height), layout="constrained")
        draw(figure.add_subplot())
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    whole = file.getvalue()
    return whole[whole.index("<svg") :]
