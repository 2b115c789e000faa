"""HTML report on a challenger."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from models.promotion.comparison import Answers, Comparison
from models.promotion.gates import Gate
from models.promotion.report_charts import flip_chart, quantile_chart, score_chart
from models.promotion.resampled import Resampled
from models.scoring.decision import Decision
from models.training.report import Page, Table
from models.training.report_charts import Measured, precision_recall_chart

NO_LABELS = "no transaction is labelled"


def promotion_report(
    comparison: Comparison, resampled: Resampled | None, gates: Sequence[Gate], confidence: float
) -> Page:
    """Return the report on a challenger compared with the champion.

    Parameters
    ----------
    comparison : Comparison
        One row or more.
    resampled : Resampled or None
        Resampled metrics of the comparison.
    confidence : float
        Confidence of the intervals, 0 to 1.
    """
    champion, challenger = comparison.champion, comparison.challenger
    charts = {
        "Scores of the same transactions": score_chart(comparison),
        "Quantiles of the scores": quantile_chart(comparison),
        "Decisions that change": flip_chart(flip_counts(comparison)),
    }
    if comparison.frauds:
        known = comparison.select(comparison.labelled)
        charts["Precision and recall"] = precision_recall_chart(
            [_measured("champion", known, known.champion), _measured("challenger", known, known.challenger)]
        )
    return Page(
        title=f"{challenger.manifest.model_id} compared with {champion.manifest.model_id}",
        facts=_facts(comparison),
        tables=[_gates(gates), _metrics(resampled, confidence), _flips(comparison)],
        charts=charts,
    )


def flip_counts(comparison: Comparison) -> dict[str, int]:
    """Return the number of transactions by change of decision, the most frequent first."""
    pairs = np.bincount(comparison.champion.decisions * len(Decision) + comparison.challenger.decisions)
    found = {
        f"{Decision(pair // len(Decision)).name} to {Decision(pair % len(Decision)).name}": int(pairs[pair])
        for pair in np.flatnonzero(pairs).tolist()
        if pair // len(Decision) != pair % len(Decision)
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _facts(comparison: Comparison) -> dict[str, str]:
    first, last = (
        datetime.fromtimestamp(int(time) / 1000, UTC)
        for time in (comparison.event_time_ms.min(), comparison.event_time_ms.max())
    )
    return {
        "compared on": ", ".join(f"{name} {value}" for name, value in comparison.data.items()),
        "transactions": f"{len(comparison):,} of {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC",
        "labelled": f"{int(comparison.labelled.sum()):,}, {comparison.frauds:,} of them frauds",
        "left out": ", ".join(f"{count:,} ({reason})" for reason, count in comparison.left_out.items() if count)
        or "none",
        "decided otherwise": f"{comparison.flips:.3%}",
    }


def _gates(gates: Sequence[Gate]) -> Table:
    rows = [(gate.name, ("passed" if gate.passed else "FAILED", gate.expected, gate.was)) for gate in gates]
    return Table(columns=("gate", "", "expected", "was"), rows=rows)


def _metrics(resampled: Resampled | None, confidence: float) -> Table:
    columns = ("metric", "champion", "challenger", f"difference, {confidence:.0%} interval")
    if resampled is None:
        return Table(columns=columns, rows=[(NO_LABELS, ("", "", ""))])
    rows = []
    for name in resampled.champion:
        ours, theirs, apart = resampled.interval(name, confidence)
        cells = (
            _with_interval(resampled.champion[name], ours),
            _with_interval(resampled.challenger[name], theirs),
            f"{resampled.difference(name):+.4f} ({apart[0]:+.4f} to {apart[1]:+.4f})",
        )
        rows.append((name, cells))
    return Table(columns=columns, rows=rows)


def _flips(comparison: Comparison) -> Table:
    """Return the known frauds of each change of decision: the gain or loss of the change."""
    rows = []
    for change, count in flip_counts(comparison).items():
        before, after = (Decision[name] for name in change.split(" to "))
        here = (comparison.champion.decisions == before) & (comparison.challenger.decisions == after)
        known = here & comparison.labelled
        cells = (f"{count:,}", f"{int(known.sum()):,}", f"{int((here & comparison.is_fraud).sum()):,}")
        rows.append((change, cells))
    return Table(
        columns=("decision", "transactions", "labelled", "frauds"), rows=rows or [("none changes", ("0", "", ""))]
    )


def _measured(name: str, known: Comparison, answers: Answers) -> Measured:
    return Measured(
        name=name, period="test", event_time_ms=known.event_time_ms, is_fraud=known.is_fraud, scores=answers.scores
    )


def _with_interval(value: float, ends: tuple[float, float]) -> str:
    return f"{value:.4f} ({ends[0]:.4f} to {ends[1]:.4f})"
