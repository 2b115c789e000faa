"""Charts of the report on a challenger, as SVG."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from models.promotion.comparison import Comparison
from models.training.report_charts import BLUE, GREY, ORANGE, bar_chart, svg

MAX_DOTS = 2_000
"""Maximum of transactions in the scatter: each dot makes the page larger."""


def score_chart(comparison: Comparison) -> str:
    """Return the challenger's scores against the champion's as SVG: the highest and a sample of the others."""
    highest = np.maximum(comparison.champion.scores, comparison.challenger.scores)

    def draw(axes: Axes) -> None:
        for fraud, colour, label in ((False, BLUE, "not known as fraud"), (True, ORANGE, "fraud")):
            rows = np.flatnonzero(comparison.is_fraud == fraud)
            rows = rows[np.argsort(-highest[rows], kind="stable")]
            # Nearly all scores are near 0: a sample of them is enough.
            top, rest = rows[: MAX_DOTS // 4], rows[MAX_DOTS // 4 :]
            rows = np.concatenate([top, rest[:: len(rest) * 4 // MAX_DOTS + 1]])
            x, y = comparison.champion.scores[rows], comparison.challenger.scores[rows]
            axes.plot(x, y, ".", ms=3, alpha=0.5, color=colour, label=label)
        manifests = comparison.champion.manifest, comparison.challenger.manifest
        axes.axvline(manifests[0].review_threshold, color=GREY, lw=0.8, ls="--")
        axes.axhline(manifests[1].review_threshold, color=GREY, lw=0.8, ls="--")
        axes.set(xlabel="champion's score", ylabel="challenger's score", xlim=(0, 1), ylim=(0, 1))
        axes.legend(frameon=False, fontsize=7)

    return svg(draw)


def quantile_chart(comparison: Comparison) -> str:
    """Return the upper quantiles of the scores, as SVG."""

    def draw(axes: Axes) -> None:
        shares = np.geomspace(max(1 / len(comparison), 1e-4), 1, 200)
        for answers, colour, label in (
            (comparison.champion, BLUE, "champion"),
            (comparison.challenger, ORANGE, "challenger"),
        ):
            axes.plot(shares, np.quantile(answers.scores, 1 - shares), color=colour, lw=1.2, label=label)
            axes.axhline(answers.manifest.review_threshold, color=colour, lw=0.7, ls="--")
        axes.set(
            xlabel="share of the transactions", ylabel="score from (dashed: reviewed)", xscale="log", ylim=(0, 1.02)
        )
        axes.legend(frameon=False, fontsize=7)

    return svg(draw)


def flip_chart(counts: Mapping[str, int]) -> str:
    """Return the number of transactions by change of decision, as SVG."""
    return bar_chart({name: float(count) for name, count in counts.items()} or {"none": 0.0}, "transactions")
