"""Command `evaluate`."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fraudstream.cli.path_parameter import path_argument, path_option
from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.cli.train import Balance, Model
from fraudstream.terminal import AsJson, Rows, count_bar, settings_of, show, stage_shower

if TYPE_CHECKING:
    from models.training.evaluate import Prepared
    from models.training.evaluation import Evaluation
    from models.training.learners.learner import Learner
    from models.training.search import Found


def evaluate(
    context: typer.Context,
    *,
    history: Annotated[Path, path_argument(metavar="FILE", help="Labelled Parquet file.")],
    train_end: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Day after the training period of the first fold, UTC.")
    ],
    train_days: Annotated[int, typer.Option(min=1, help="Length of the training period in days.")] = 7,
    delay_days: Annotated[int, typer.Option(min=0, help="Days until labels are known.")] = 7,
    test_days: Annotated[int, typer.Option(min=1, help="Length of a test fold in days.")] = 7,
    folds: Annotated[int, typer.Option(min=1, help="Number of test folds, one week apart.")] = 4,
    validation_folds: Annotated[int, typer.Option(min=0, help="Number of earlier folds for model selection.")] = 4,
    validation_days_before: Annotated[
        int, typer.Option(min=1, help="Days from the validation folds to the test folds.")
    ] = 35,
    model: Annotated[Model, typer.Option(help="Model to train.")] = "lightgbm",
    balance: Annotated[Balance, typer.Option(help="Class balancing: none, class weights or SMOTE.")] = "none",
    calibration_days: Annotated[
        int, typer.Option(min=0, help="Last days of training held out to calibrate probabilities.")
    ] = 0,
    features: Annotated[
        Literal["all", "customer", "book"],
        typer.Option(help="Feature set: all, those without merchants' and devices' activity, or the benchmark's 15."),
    ] = "all",
    search_minutes: Annotated[
        float, typer.Option(min=0, help="Time budget of the hyperparameter search on the validation folds.")
    ] = 0,
    maturity_days: Annotated[
        float | None,
        typer.Option(min=0, help="Age in days at which a label counts as final; derived from the data by default."),
    ] = None,
    timezone: Timezone = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed; the same seed and file give the same figures.")] = 7,
    report: Annotated[Path | None, path_option(help="HTML report to write, with charts.")] = None,
    metrics: Annotated[Path | None, path_option(help="JSON file to write, with the means over the test folds.")] = None,
    curve: Annotated[Path | None, path_option(help="CSV file to write, with the test folds' operating points.")] = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate a model by time folds: train, wait for the labels, test on the days after.

    The last line of the output is one JSON object; with --json it is the only one.

    [bold]Examples[/]

      fraudstream evaluate history.parquet --train-end 2018-08-01 --train-days 28
      fraudstream evaluate history.parquet --train-end 2018-08-01 --model xgboost --features book
      fraudstream evaluate history.parquet --train-end 2018-08-01 --report artifacts/report.html
      fraudstream evaluate history.parquet --train-end 2018-08-01 --model xgboost --search-minutes 10
    """
    from models.training.evaluate import evaluate as evaluate_model
    from models.training.evaluate import validation_measures
    from models.training.evaluation import EvaluationSettings
    from models.training.metrics_file import write_curve, write_metrics
    from models.training.search import search

    own = with_timezone(settings_of(context), timezone)
    settings = EvaluationSettings(
        train_end=train_end.date(),
        train_days=train_days,
        delay_days=delay_days,
        test_days=test_days,
        folds=folds,
        validation_folds=validation_folds,
        validation_days_before=validation_days_before,
        model=model,
        balance=balance,
        calibration_days=calibration_days,
        features=features,
        maturity_days=maturity_days,
        timezone=own.files.timezone,
        limits=own.file_limits,
        declaration=own.declaration,
        seed=seed,
    )
    found: list[Found] = []
    with count_bar("evaluating", None) as bar:
        progress = stage_shower(bar)

        def choose(prepared: Prepared) -> Learner:
            measures = validation_measures(prepared, settings)
            found.append(search(settings.model, measures, seed=seed, seconds=60 * search_minutes, progress=progress))
            return found[0].learner

        evaluation = evaluate_model(history, settings, choose=choose if search_minutes else None, progress=progress)
    if report:
        from models.training.report import evaluation_report, write_report

        write_report(report, evaluation_report(evaluation))
    if metrics:
        write_metrics(metrics, evaluation.summary("test"))
    if curve:
        write_curve(curve, evaluation.of("test"))
    result = {**evaluation.to_json(), **({"search": found[0].to_json()} if found else {})}
    show(result, _table(evaluation), as_json=as_json, json_last=True)


def _table(evaluation: Evaluation) -> Rows:
    from models.training.evaluation import HEADLINE

    rows = [
        (
            result.period,
            f"{result.fold.test_start} to {result.fold.test_end - timedelta(days=1)}",
            f"{result.train_rows:,} ({result.train_frauds:,})",
            f"{len(result.rows):,} ({result.is_fraud.sum():,})",
            *(f"{result.metrics[name]:.3f}" for name in HEADLINE),
        )
        for result in evaluation.results
    ]
    for period in ("validation", "test"):
        means = evaluation.summary(period)
        if means:
            spread = (f"{means[name]:.3f} ± {means[f'{name}_sd']:.3f}" for name in HEADLINE)
            rows.append((f"{period}, mean", "", "", "", *spread))
    return Rows(("fold", "tested", "train (frauds)", "test (frauds)", *HEADLINE), rows)
