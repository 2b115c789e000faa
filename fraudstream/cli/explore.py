"""Command `explore`."""

from pathlib import Path
from typing import Annotated

import typer

from fraudstream.cli.path_parameter import METAVAR, local_path
from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.terminal import AsJson, err, settings_of, show


def explore(
    context: typer.Context,
    archive: Annotated[Path, typer.Argument(parser=local_path, help="Folder from `archive`.")],
    *,
    target: Annotated[
        Path, typer.Option("--out", parser=local_path, metavar=METAVAR, help="HTML file to write.")
    ] = Path("explore.html"),
    labels: Annotated[
        Path | None, typer.Option(help="Parquet file of labels: customer_id, transaction_id, is_fraud, label_time.")
    ] = None,
    with_labels: Annotated[
        bool, typer.Option("--with-labels", help="Read labels from the topic; they are saved next to the page.")
    ] = False,
    timezone: Timezone = None,
    query: Annotated[list[Path] | None, typer.Option(help="SQL file to add to the page; repeat for several.")] = None,
    as_json: AsJson = False,
) -> None:
    """Explore an archive with DuckDB: charts of alerts, scores, thresholds, features and hot spots on a page.

    The SQL of each chart is on the page. The first run installs DuckDB and Altair into an
    isolated environment in the cache folder.

    [bold]Examples[/]

      fraudstream explore artifacts/inference
      fraudstream explore artifacts/inference --with-labels --out explore.html
      fraudstream explore artifacts/inference --labels history.parquet --query mine.sql
    """
    from fraudstream.archive.exploration import SCRIPT, explore_archive, write_labels
    from fraudstream.kafka.broker import Broker
    from schemas.errors import UserError

    if labels is not None and with_labels:
        raise UserError("expected --labels or --with-labels, got both. Choose one")
    own = with_timezone(settings_of(context), timezone)
    with err.status("exploring"):
        if with_labels:
            labels = target.with_suffix(".labels.parquet")
            write_labels(Broker.of(own), labels)
        python = explore_archive(
            archive, target, labels=labels, queries=query or [], timezone=own.files.timezone, limits=own.file_limits
        )
    show(
        {"page": str(target), "labels": str(labels) if labels else None, "python": str(python)},
        f"{target}: open it in a browser",
        f"Run the cells of {SCRIPT} with {python}",
        as_json=as_json,
    )
