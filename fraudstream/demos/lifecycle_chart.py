"""Chart of the lifecycle demo."""

from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
from matplotlib.axes import Axes

from models.monitoring.pattern_recall import PatternRecall
from models.training.report_charts import BLUE, ORANGE, svg
from schemas.durations import DAY_MS


def lifecycle_chart(recall: PatternRecall, marks: Mapping[str, int]) -> str:
    """Return an SVG chart of the recall of a fraud pattern by event day, with marked events.

    Parameters
    ----------
    marks : mapping of str to int
        Event times in milliseconds since 1970, by label.
    """

    def draw(axes: Axes) -> None:
        days = np.array([day.day for day in recall.days])
        axes.plot(days + 0.5, [day.recall for day in recall.days], "o-", ms=3, color=BLUE)
        for number, (name, at_ms) in enumerate(marks.items()):
            at = at_ms / DAY_MS
            axes.axvline(at, color=ORANGE, lw=0.9)
            position = (at, 1.0 - 0.08 * number)
            axes.annotate(name, position, xytext=(3, 0), textcoords="offset points", fontsize=7, color=ORANGE)
        step = max(1, -(-len(days) // 7))
        dates = [f"{datetime.fromtimestamp(day * 86_400, UTC):%m-%d}" for day in days[::step].tolist()]
        axes.set_xticks(days[::step], dates)
        axes.set(xlabel="event day", ylabel="recall of the new pattern at 1 % alerts", ylim=(0, 1.05))

    return svg(draw)
