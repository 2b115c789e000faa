"""HTML reports of training and evaluation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray

from models.scoring.artifact import Manifest
from models.training.evaluation import Evaluation, FoldResult
from models.training.history import scenario_of
from models.training.metrics import ALERT_RATE, alert_threshold, recall_by_scenario
from models.training.report_charts import Measured, bar_chart, calibration_chart, day_chart, precision_recall_chart

REPORT_FILE = "report.html"

MAX_FEATURES = 20
"""Maximum of features in the chart of importance."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """Table of a page.

    Parameters
    ----------
    columns : sequence of str
        Headings, the first for the rows' names.
    rows : sequence of (str, sequence of str)
        Name and cells of each row.
    """

    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Page:
    """Content of a page of figures.

    Parameters
    ----------
    charts : mapping of str to str
        SVG by title.
    """

    title: str
    facts: Mapping[str, str]
    tables: Sequence[Table]
    charts: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """Content of a report.

    Parameters
    ----------
    facts : mapping of str to str
        Model, file and days.
    columns : sequence of str
        Headings of the table without the first.
    rows : sequence of (str, sequence of str)
        Name and cells of each row.
    importance : mapping of str to float
        Shares by feature, which add up to 1.
    """

    title: str
    facts: Mapping[str, str]
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    measured: Sequence[Measured]
    importance: Mapping[str, float]


def evaluation_report(evaluation: Evaluation) -> Report:
    """Return the report on all folds of a learner; importance is the mean over the test folds."""
    settings = evaluation.settings
    names = tuple(evaluation.results[0].metrics)
    rows: list[tuple[str, list[str]]] = []
    for period in ("validation", "test"):
        results = evaluation.of(period)
        rows += [(_name(result), _cells(result, names)) for result in results]
        means = evaluation.summary(period)
        if means:
            spread = [f"{_number(means[name])} ± {_number(means[f'{name}_sd'])}" for name in names]
            rows.append((f"{period}, mean", ["", "", *spread]))
    importance = np.mean([result.importance for result in evaluation.of("test") or evaluation.results], axis=0)
    return Report(
        title=f"{settings.model} on {settings.features} features",
        facts={
            "model": settings.model,
            "features": f"{settings.features}, {len(evaluation.names)} of them",
            "trained on": f"{settings.train_days} days, tested {settings.delay_days} days later",
            "learner": ", ".join(f"{name} {value}" for name, value in evaluation.learner.items()),
            "calibrated on": f"the last {settings.calibration_days} days" if settings.calibration_days else "no days",
            "seed": str(settings.seed),
        },
        columns=("train rows", "test rows", *(name.replace("_", " ") for name in names)),
        rows=rows,
        measured=[_measured(evaluation, result) for result in evaluation.results],
        importance=dict(zip(evaluation.names, importance.tolist(), strict=True)),
    )


def training_report(manifest: Manifest, measured: Measured, importance: NDArray[np.float64]) -> Report:
    """Return the report on one trained model, measured on its validation rows.

    Parameters
    ----------
    importance : ndarray of float64, (F,)
        Shares, in the order of the manifest's features.
    """
    return Report(
        title=f"Model {manifest.model_id}",
        facts={
            "history": f"{manifest.data.rows:,} transactions, SHA-256 {manifest.data.sha256}",
            "review from": f"score {manifest.review_threshold:.4f}",
            "block from": f"score {manifest.block_threshold:.4f}",
            "ONNX differs by": f"at most {manifest.parity.max_difference:.1e} over {manifest.parity.rows:,} rows",
            "settings": ", ".join(f"{name} {value}" for name, value in manifest.settings.items()),
        },
        columns=("validation",),
        rows=[(name.replace("_", " "), [_number(value)]) for name, value in _figures(manifest).items()],
        measured=[measured],
        importance=dict(zip(manifest.feature_names, importance.tolist(), strict=True)),
    )


def _figures(manifest: Manifest) -> dict[str, float]:
    """Return the metrics and the recall of each kind of fraud, by name."""
    return {
        **manifest.metrics,
        **{f"recall from the review threshold, {name}": value for name, value in manifest.recall_by_scenario.items()},
        **{f"recall at 1 % alerts, {name}": value for name, value in manifest.recall_at_1pct_alerts.items()},
    }


def write_report(path: Path, report: Report | Page) -> None:
    """Write a report as a self-contained HTML file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(report), encoding="utf-8")


def render(report: Report | Page) -> str:
    """Return a report as HTML."""
    page = report if isinstance(report, Page) else page_of(report)
    environment = Environment(
        loader=PackageLoader("models.training"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("report.html.j2").render(
        page=page,
        charts={title: Markup(svg) for title, svg in page.charts.items()},  # noqa: S704  # drawn by us, names escaped
    )


def page_of(report: Report) -> Page:
    """Return the page of a report: its table, and charts of the measured rows."""
    # Choices were made on the validation rows: charts of all rows show the test rows, if any.
    shown = [one for one in report.measured if one.period == "test"] or report.measured
    ranked = sorted(report.importance.items(), key=lambda item: -item[1])[:MAX_FEATURES]
    charts = {
        "Precision and recall": precision_recall_chart(report.measured),
        "Calibration": calibration_chart(shown),
        "Score by day": day_chart(shown),
        "Importance of the features": bar_chart(dict(ranked), "share"),
    }
    recalls = scenario_recall(shown)
    if recalls:
        heading = f"Recall by kind of fraud, {ALERT_RATE:.0%} of the transactions flagged"
        charts[heading] = bar_chart(recalls, "recall")
    table = Table(columns=("", *report.columns), rows=report.rows)
    return Page(title=report.title, facts=report.facts, tables=[table], charts=charts)


def scenario_recall(measured: Sequence[Measured]) -> dict[str, float]:
    """Return the recall of each kind of fraud at `ALERT_RATE`, mean over the folds that have it; highest first."""
    by_name: dict[str, list[float]] = {}
    for one in measured:
        if one.scenario is None:
            continue
        threshold = alert_threshold(one.scores)
        for name, recall in recall_by_scenario(one.is_fraud, one.scores, one.scenario, threshold).items():
            by_name.setdefault(name, []).append(recall)
    means = {name: float(np.mean(recalls)) for name, recalls in by_name.items()}
    return dict(sorted(means.items(), key=lambda item: -item[1]))


def _measured(evaluation: Evaluation, result: FoldResult) -> Measured:
    rows, table = result.rows, evaluation.table
    kinds = scenario_of(table)
    scenario = None if kinds is None else kinds[rows]
    return Measured(
        name=_name(result),
        period=result.period,
        event_time_ms=table["event_time"].to_numpy().astype("datetime64[ms]").astype(np.int64)[rows],
        is_fraud=result.is_fraud,
        scores=result.scores,
        scenario=scenario,
    )


def _name(result: FoldResult) -> str:
    return f"{result.period} from {result.fold.test_start}"


def _cells(result: FoldResult, names: Sequence[str]) -> list[str]:
    frauds = int(np.count_nonzero(result.is_fraud))
    counts = [f"{result.train_rows:,} ({result.train_frauds:,} frauds)", f"{len(result.rows):,} ({frauds:,} frauds)"]
    return counts + [_number(result.metrics[name]) for name in names]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}"
