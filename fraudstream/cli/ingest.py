"""Command `ingest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudstream.cli.path_parameter import path_option
from fraudstream.cli.timezone_option import Timezone, with_timezone
from fraudstream.terminal import AsJson, Rows, count_bar, err, settings_of, show, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fraudstream.imports.import_summary import ImportSummary


def ingest(
    context: typer.Context,
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="Topic with your own records in JSON.")],
    *,
    map_path: Annotated[Path, path_option("--map", help="Map of the records' fields, see `fraudstream import`.")],
    follow: Annotated[bool, typer.Option("--follow", help="Run until Ctrl-C.")] = False,
    group: Annotated[
        str | None,
        typer.Option(help="Consumer group, which knows what is converted; fraudstream-ingest-TOPIC by default."),
    ] = None,
    instance: Annotated[
        str, typer.Option(help="Name of this process in the group; each that runs at the same time has its own.")
    ] = "1",
    gather_ms: Annotated[
        int, typer.Option(min=1, max=5_000, help="Milliseconds that records are gathered for a transaction of Kafka.")
    ] = 50,
    timezone: Timezone = None,
    as_json: AsJson = False,
) -> None:
    """Convert your own JSON records to transactions, by the same map as files.

    Each record becomes one transaction, keyed by its customer, or one dead letter: exactly once, also across failures
    and restarts. Several processes share the partitions of the topic.

    [bold]Examples[/]

      fraudstream ingest payments --map payments.map.toml
      fraudstream ingest payments --map payments.map.toml --follow
      fraudstream ingest payments --map payments.map.toml --follow --instance 2
    """
    from fraudstream.imports.map_file import hash_key, read_map
    from fraudstream.imports.topic_import import TopicImport, require_declared
    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.topics import require_topics

    settings = with_timezone(settings_of(context), timezone)
    mapping = read_map(map_path, timezone=settings.files.timezone)
    key = hash_key(mapping)
    require_declared(mapping, settings.declaration)
    broker = Broker.of(settings)
    topics = settings.topics
    labels = (topics.labels,) if mapping.is_labelled else ()
    require_topics(broker, topic, topics.transactions, topics.dead_letters, *labels)
    with count_bar(f"from {topic}", None) as bar:
        if follow:
            err.print(f"Converting {topic} to {topics.transactions} until Ctrl-C")
        work = TopicImport(
            broker,
            mapping,
            key,
            topic=topic,
            group=group or f"fraudstream-ingest-{topic}",
            instance=instance,
            wait_s=gather_ms / 1_000,
            on_progress=lambda done: bar.update(bar.task_ids[0], completed=done.read),
        )
        try:
            work.run(follow=follow)
        except KeyboardInterrupt:
            bar.stop()
            _report(work.summary, work.unseen, topics.transactions, as_json=as_json)
            raise
    _report(work.summary, work.unseen, topics.transactions, as_json=as_json)


def _report(summary: ImportSummary, unseen: list[str], target: str, *, as_json: bool) -> None:
    result = {"topic": target, **summary.to_dict(), "unseen": unseen}
    show(result, *_lines(summary, target), as_json=as_json)
    if summary.read and unseen:
        warn(f"No record had {', '.join(unseen)}. Correct the map, if that is a misspelling")


def _lines(summary: ImportSummary, target: str) -> Iterator[str | Rows]:
    yield f"{target}: converted {summary.imported:,} of {summary.read:,} records"
    if summary.rejected:
        yield Rows(("dead letters", "records", "such as"), summary.reasons())
