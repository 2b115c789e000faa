"""Command `train`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fraudstream.cli.path_parameter import path_option
from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.terminal import AsJson, Rows, count_bar, settings_of, show, stage_shower

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fraudstream.lifecycle.model_version import ModelVersion
    from fraudstream.settings.settings import Settings
    from models.scoring.artifact import Manifest

Model = Literal["lightgbm", "xgboost", "logistic", "forest"]
Balance = Literal["none", "weights", "smote"]


def train(
    context: typer.Context,
    *,
    history: Annotated[Path, path_option(help="Labelled Parquet file, see `simulate`.")],
    target: Annotated[Path | None, path_option("--out", help="Folder of the artifact to write.")] = None,
    model: Annotated[Model, typer.Option(help="Model to train.")] = "lightgbm",
    balance: Annotated[Balance, typer.Option(help="Class balancing: none, class weights or SMOTE.")] = "none",
    features: Annotated[
        Literal["all", "customer"], typer.Option(help="Feature set: all, or without merchants' and devices' activity.")
    ] = "all",
    search_minutes: Annotated[
        float, typer.Option(min=0, help="Time budget of the hyperparameter search, within the training period.")
    ] = 0,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Calibrate probabilities on the last rows of the training period.")
    ] = False,
    maturity_days: Annotated[
        float | None,
        typer.Option(min=0, help="Age in days at which a label counts as final; derived from the data by default."),
    ] = None,
    recent_frauds: Annotated[
        bool, typer.Option("--recent-frauds", help="Include known frauds younger than --maturity-days.")
    ] = False,
    timezone: Timezone = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed; the same seed and file give the same model.")] = 7,
    push: Annotated[bool, typer.Option("--push", help="Register the model, see `model push`.")] = False,
    metrics: Annotated[Path | None, path_option(help="JSON file to write, with the validation metrics.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train a model on a labelled history and write its artifact.

    [bold]Examples[/]

      fraudstream train --history history.parquet
      fraudstream train --history history.parquet --out artifacts/second
      fraudstream train --history history.parquet --model xgboost --search-minutes 10
      fraudstream train --history history.parquet --balance smote --calibrate
    """
    from fraudstream.control.model_in_use import require_not_read
    from models.training.metrics_file import write_metrics
    from models.training.train import train as train_model
    from models.training.training_settings import TrainingSettings

    own = with_timezone(settings_of(context), timezone)
    settings = TrainingSettings(
        model=model,
        balance=balance,
        features=features,
        calibrate=calibrate,
        search_minutes=search_minutes,
        maturity_days=maturity_days,
        recent_frauds=recent_frauds,
        timezone=own.files.timezone,
        limits=own.file_limits,
        declaration=own.declaration,
        seed=seed,
    )
    folder = target or own.model.artifact
    require_not_read(own, folder)
    with count_bar("training", None) as bar:
        manifest = train_model(history, folder, settings, progress=stage_shower(bar))
    if metrics:
        write_metrics(metrics, manifest.metrics)
    version = _push(own, folder) if push else None
    registered = {"version": version.version} if version else {}
    result = {"artifact": str(folder), **registered, **manifest.model_dump(mode="json")}
    show(result, *_parts(manifest, folder, version), as_json=as_json)


def _parts(manifest: Manifest, folder: Path, version: ModelVersion | None) -> Iterator[str | Rows]:
    yield f"Model {manifest.model_id} in {folder}" + (f", registered as v{version.version}" if version else "")
    yield _maturity(manifest.settings)
    yield Rows(("metric", "value"), [(name, f"{value:.4f}") for name, value in _numbers(manifest.metrics)])
    if manifest.recall_by_scenario:
        at_1pct = manifest.recall_at_1pct_alerts
        rows = [(name, f"{value:.3f}", f"{at_1pct[name]:.3f}") for name, value in manifest.recall_by_scenario.items()]
        yield Rows(("fraud scenario", "recall at review threshold", "recall at 1 % alerts"), rows)


def _push(settings: Settings, folder: Path) -> ModelVersion:
    from fraudstream.lifecycle.model_registry import ModelRegistry

    return ModelRegistry(settings).push(folder)[0]


def _maturity(settings: Mapping[str, float | int | str]) -> str:
    how = "derived from the label delays" if settings["maturity_from"] == "data" else "as set"
    recent = ", younger frauds included" if settings["recent_frauds"] else ""
    return f"Labels count as final after {settings['maturity_days']} days ({how}{recent})"


def _numbers(metrics: dict[str, float]) -> list[tuple[str, float]]:
    return [(name, value) for name, value in metrics.items() if isinstance(value, int | float)]
