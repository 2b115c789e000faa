"""Command `archive`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudstream.cli.path_parameter import path_option
from fraudstream.terminal import AsJson, count_bar, err, settings_of, show, warn

if TYPE_CHECKING:
    from fraudstream.archive.archiver import Archived


def archive(
    context: typer.Context,
    *,
    target: Annotated[Path, path_option("--out", help="Folder of the archive; an existing one is continued.")],
    follow: Annotated[bool, typer.Option("--follow", help="Run until Ctrl-C.")] = False,
    flush_s: Annotated[
        float, typer.Option(min=1, help="Maximum seconds between two writes; shorter makes more files.")
    ] = 60,
    as_json: AsJson = False,
) -> None:
    """Archive the inference topic as Parquet files by event date, one column per feature.

    Each record is archived exactly once, also across restarts of the command. pandas, pyarrow and DuckDB read the
    folder as one table.

    [bold]Examples[/]

      fraudstream archive --out artifacts/inference
      fraudstream archive --out artifacts/inference --follow
      duckdb -c "from 'artifacts/inference/date=*/[0-9]*.parquet'"
    """
    from fraudstream.archive.archive_folder import ArchiveFolder
    from fraudstream.archive.archiver import Archiver
    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.topics import require_topics

    settings = settings_of(context)
    broker = Broker.of(settings)
    require_topics(broker, settings.topics.inference)
    with ArchiveFolder(target, settings.topics.inference) as folder, count_bar("archiving", None) as bar:
        if follow:
            err.print(f"Archiving {settings.topics.inference} to {target} until Ctrl-C")
        archiver = Archiver(
            broker,
            folder,
            flush_s=flush_s,
            on_progress=lambda done, total: bar.update(bar.task_ids[0], completed=done, total=max(done, total)),
        )
        try:
            archiver.run(follow=follow)
        except KeyboardInterrupt:
            # What was read is written by now.
            bar.stop()
            _report(archiver.done, target, as_json=as_json)
            raise
    _report(archiver.done, target, as_json=as_json)


def _report(done: Archived, target: Path, *, as_json: bool) -> None:
    text = f"{target}: {done.records:,} records in {done.files:,} new files"
    show({"folder": str(target), **asdict(done)}, text, as_json=as_json)
    if as_json:
        return
    if done.undecodable:
        warn(f"{done.undecodable:,} records could not be decoded and were left out")
    if done.lost:
        warn(f"{done.lost:,} records had left the topic before they were archived. Archive more often")
