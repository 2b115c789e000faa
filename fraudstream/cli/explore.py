from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.terminal import AsJson, err, out, settings_of, write_json


def explore(
    context: typer.Context,
    archive: Annotated[Path, typer.Argument(help="Folder that `archive` wrote.")],
    *,
    target: Annotated[Path, typer.Option("--out", help="The HTML page to write.")] = Path("explore.html"),
    labels: Annotated[
        Path | None, typer.Option(help="Parquet file with customer_id, transaction_id, is_fraud, label_time.")
    ] = None,
    with_labels: Annotated[
        bool, typer.Option("--with-labels", help="Take the labels of the topic, and keep them beside the page.")
    ] = False,
    timezone: Timezone = None,
    query: Annotated[
        list[Path] | None, typer.Option(help="File of SQL, whose answer is put on the page; can be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Explore an archive with DuckDB: alerts, scores, thresholds, features and hot spots as charts on a page.

    Each chart's SQL is on the page. The first run installs DuckDB and Altair, into an
    environment of their own in the cache folder.

    [bold]Examples[/]

      fraudstream explore artifacts/inference
      fraudstream explore artifacts/inference --with-labels --out explore.html
      fraudstream explore artifacts/inference --labels history.parquet --query mine.sql
    """
    from fraudstream.archive.exploration import SCRIPT, explore_archive, write_labels
    from fraudstream.kafka.broker import Broker
    from schemas.errors import UserError

    if labels is not None and with_labels:
        raise UserError("expected --labels or --with-labels, was both: a label counts once")
    own = with_timezone(settings_of(context), timezone)
    with err.status("exploring"):
        if with_labels:
            labels = target.with_suffix(".labels.parquet")
            write_labels(Broker.of(own), labels)
        python = explore_archive(
            archive,
            target,
            labels=labels,
            queries=query or [],
            timezone=own.files.timezone,
            limits=own.file_limits,
        )
    if as_json:
        write_json({"page": str(target), "labels": str(labels) if labels else None, "python": str(python)})
        return
    out.print(f"{target}: open it in a browser", soft_wrap=True)
    out.print(f"Run the cells of {SCRIPT} with {python}", soft_wrap=True)
