from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudstream.terminal import AsJson, count_bar, err, out, settings_of, write_json

if TYPE_CHECKING:
    from fraudstream.archive.archiver import Archived


def archive(
    context: typer.Context,
    *,
    target: Annotated[Path, typer.Option("--out", help="Folder of the archive; made, or gone on with.")],
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C.")] = False,
    flush_s: Annotated[
        float, typer.Option(min=1, help="Write at least so often, in seconds: more often makes more files.")
    ] = 60,
    as_json: AsJson = False,
) -> None:
    """Keep the inference topic as Parquet files by event date, a column for each feature.

    Each record is in the archive once, however often this is stopped and started again. pandas, pyarrow and
    DuckDB read the folder as one table.

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
    if as_json:
        write_json({"folder": str(target), **asdict(done)})
        return
    out.print(f"{target}: {done.records:,} records in {done.files:,} new files")
    if done.undecodable:
        err.print(f"[yellow]{done.undecodable:,} records could not be decoded and were left out[/]")
    if done.lost:
        err.print(f"[yellow]{done.lost:,} offsets had left the topic before they were archived[/]: archive more often")
