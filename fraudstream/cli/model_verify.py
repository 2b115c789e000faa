from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.terminal import AsJson, count_bar, err, settings_of, stage_shower, write_json, write_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fraudstream.settings.settings import Settings
    from models.scoring.artifact import Artifact
    from models.training.history import Progress


def verify(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder that `fraudstream train` wrote.")],
    *,
    rows: Annotated[int, typer.Option(min=1_000, help="How many rows to compare.")] = 1_000_000,
    history: Annotated[
        Path | None, typer.Option(help="Labelled Parquet file with ordinary transactions; else they are simulated.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another one makes other rows.")] = 1,
    timezone: Timezone = None,
    as_json: AsJson = False,
) -> None:
    """Compare a model with the library that trained it, on rows made to find a difference.

    Rows at each split of each tree and one float32 to either side, at several splits at once, with values that no
    history has, and with scores next to the thresholds of the decisions. Exit code 1 when a score differs by more than
    the bound, or a decision at all.

    [bold]Examples[/]

      fraudstream model verify artifacts/model
      fraudstream model verify artifacts/model --rows 10000000 --seed 2 --json
    """
    from models.scoring.loaded_model import load_tested
    from models.training.certificate import examine
    from models.training.library_model import read_library_model

    own = with_timezone(settings_of(context), timezone)
    artifact = load_tested(folder)
    fitted = read_library_model(folder, artifact)
    with count_bar("certifying", None) as bar:
        progress = stage_shower(bar)
        found = examine(
            fitted,
            artifact.onnx,
            _ordinary_rows(artifact, history, own, seed, progress),
            review=artifact.manifest.review_threshold,
            block=artifact.manifest.block_threshold,
            rows=rows,
            seed=seed,
            progress=progress,
        )
    if as_json:
        write_json({"model_id": artifact.manifest.model_id, "holds": found.holds, **asdict(found)})
    else:
        figures = {
            **{f"rows, {kind}": f"{count:,}" for kind, count in found.rows.items()},
            "rows in all": f"{found.total:,}",
            "within 1e-6 of a decision threshold": f"{found.near_a_decision:,}",
            "largest difference": f"{found.max_difference:.2e}, at most {found.bound:.0e} wanted",
            "not the library's number rounded to float32": f"{found.rounded_otherwise:,}",
            "decided otherwise": f"{found.decision_flips:,}",
        }
        write_table((artifact.manifest.model_id, ""), list(figures.items()))
    if not found.holds:
        err.print("[red]Not certified[/]: model.onnx does not score as the model that it was exported from")
        raise typer.Exit(1)


def _ordinary_rows(
    artifact: Artifact, history: Path | None, settings: Settings, seed: int, progress: Progress
) -> NDArray[np.float32]:
    """Return features (n, F) as the job would compute them."""
    from models.training.history import read_labelled
    from models.training.replay import replay_features
    from producers.simulate import simulate
    from producers.simulation_config import SimulationConfig

    if history is None:
        progress("simulate", 0, 1)
        table = simulate(SimulationConfig(seed=seed, customers=500, merchants=300))
    else:
        table = read_labelled(history, progress, timezone=settings.files.timezone, limits=settings.file_limits)
    return replay_features(
        table,
        category_risk=artifact.category_risk,
        type_risk=artifact.type_risk,
        with_labels=True,
        progress=lambda done, total: progress("replay", done, total),
    ).x
