"""Command `model verify`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudstream.cli.path_parameter import path_argument, path_option
from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.terminal import AsJson, Rows, count_bar, err, settings_of, show, stage_shower

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fraudstream.settings.settings import Settings
    from models.scoring.artifact import Artifact
    from models.training.history import Progress


def verify(
    context: typer.Context,
    folder: Annotated[Path, path_argument(help="Folder of the model artifact.")],
    *,
    rows: Annotated[int, typer.Option(min=1_000, help="Number of rows to compare.")] = 1_000_000,
    history: Annotated[
        Path | None, path_option(help="Labelled Parquet file of ordinary transactions; simulated by default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the generated rows.")] = 1,
    timezone: Timezone = None,
    as_json: AsJson = False,
) -> None:
    """Verify the ONNX parity of a model against the library that trained it, on adversarial rows.

    Rows lie at each split of each tree and one float32 to either side, at several splits at once, at edge cases that no
    history has, and next to the decision thresholds. Exit code 1 when a score differs by more than the bound, or when
    any decision differs.

    [bold]Examples[/]

      fraudstream model verify artifacts/model
      fraudstream model verify artifacts/model --rows 10000000 --seed 2 --json
    """
    from models.scoring.loaded_model import load_tested
    from models.training.library_model import read_library_model
    from models.training.parity_report import verify_parity

    own = with_timezone(settings_of(context), timezone)
    artifact = load_tested(folder)
    fitted = read_library_model(folder, artifact)
    with count_bar("verifying", None) as bar:
        progress = stage_shower(bar)
        found = verify_parity(
            fitted,
            artifact.onnx,
            _ordinary_rows(artifact, history, own, seed, progress),
            review=artifact.manifest.review_threshold,
            block=artifact.manifest.block_threshold,
            rows=rows,
            seed=seed,
            progress=progress,
        )
    figures = {
        **{f"rows, {kind}": f"{count:,}" for kind, count in found.rows.items()},
        "rows, total": f"{found.total:,}",
        "within 1e-6 of a decision threshold": f"{found.near_a_decision:,}",
        "maximum difference": f"{found.max_difference:.2e}, at most {found.bound:.0e} allowed",
        "not the library's score rounded to float32": f"{found.rounded_otherwise:,}",
        "different decisions": f"{found.decision_flips:,}",
    }
    model_id = artifact.manifest.model_id
    show(
        {"model_id": model_id, "holds": found.holds, **asdict(found)},
        Rows((model_id, ""), figures.items()),
        as_json=as_json,
    )
    if not found.holds:
        err.print("[red]No parity[/]: model.onnx and the model that it was exported from score differently")
        raise typer.Exit(1)


def _ordinary_rows(
    artifact: Artifact, history: Path | None, settings: Settings, seed: int, progress: Progress
) -> NDArray[np.float32]:
    """Return features (n, F) as the job would compute them."""
    import pyarrow as pa

    from models.declared.declared_engine import tracker_of
    from models.features.replay import replay_features
    from models.training.history import NO_COLUMNS, read_labelled
    from producers.simulate import simulate
    from producers.simulation_config import SimulationConfig

    declared = artifact.row_columns
    if history is None:
        progress("simulate", 0, 1)
        table = simulate(SimulationConfig(seed=seed, customers=500, merchants=300))
        for column in () if declared is None else declared.arrow:
            table = table.append_column(column, pa.nulls(len(table), column.type))
    else:
        table = read_labelled(
            history,
            progress,
            timezone=settings.files.timezone,
            limits=settings.file_limits,
            further=NO_COLUMNS if declared is None else declared.arrow,
        )
    return replay_features(
        table,
        category_risk=artifact.category_risk,
        type_risk=artifact.type_risk,
        with_labels=True,
        width=len(artifact.manifest.feature_names),
        row_columns=declared,
        declared=tracker_of(declared),
        progress=lambda done, total: progress("replay", done, total),
    ).x
