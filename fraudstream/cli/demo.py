"""Command `demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from fraudstream.cli.path_parameter import path_option
from fraudstream.terminal import settings_of
from schemas.errors import UserError


def demo(
    context: typer.Context,
    name: Annotated[
        Literal["path", "lifecycle"],
        typer.Argument(help="Demo to run: path (transactions to alerts) or lifecycle (drift to promotion)."),
    ] = "path",
    *,
    file: Annotated[
        Path | None,
        path_option(help="CSV or Parquet file of your own labelled transactions, instead of simulated ones."),
    ] = None,
    map_path: Annotated[Path | None, path_option("--map", help="Map of the file's columns, see `import`.")] = None,
    holdout_days: Annotated[
        float, typer.Option(min=0, help="Last days of the file, which the model is not trained on.")
    ] = 7,
) -> None:
    """Run a demo: train, start all services, send transactions, show alerts, stop all services.

    [bold]Examples[/]

      fraudstream demo
      fraudstream demo lifecycle
      fraudstream demo --file payments.csv --map payments.map.toml
    """
    if (file is None) is not (map_path is None):
        raise UserError(
            "expected both --file and --map, got one of them. `fraudstream import FILE` writes a map to start from"
        )
    settings = settings_of(context)
    if name == "lifecycle":
        from fraudstream.demos.lifecycle_demo import run_lifecycle_demo

        if file is not None:
            raise UserError("expected no --file with lifecycle, got one. Leave out lifecycle")
        run_lifecycle_demo(settings)
    elif file is not None and map_path is not None:
        from fraudstream.demos.file_demo import run_file_demo

        run_file_demo(settings, file, map_path, holdout_days=holdout_days)
    else:
        from fraudstream.demos.demo import run_demo

        run_demo(settings)
