"""Commands `dlq ...`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudstream.terminal import AsJson, Rows, err, settings_of, show, write_line
from schemas.errors import UserError
from schemas.rejection import Reason

if TYPE_CHECKING:
    from fraudstream.readers.dead_letters import DeadLetter, Replay

app = typer.Typer(help="List dead letters, and replay them.", no_args_is_help=True)

SHOWN_BYTES = 256

Reasons = Annotated[list[Reason] | None, typer.Option("--reason", help="Reason; repeat for several.")]
Topic = Annotated[str | None, typer.Option(help="Source topic.")]
Key = Annotated[str | None, typer.Option(help="Record key.")]
Since = Annotated[datetime | None, typer.Option(help="Earliest failure time, UTC, inclusive.")]
Until = Annotated[datetime | None, typer.Option(help="Latest failure time, UTC, exclusive.")]


@app.command("ls")
def list_letters(
    context: typer.Context,
    *,
    reason: Reasons = None,
    topic: Topic = None,
    key: Key = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="Number of newest letters to list; the counts cover all.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Count dead letters by reason, and list the newest.

    [bold]Examples[/]

      fraudstream dlq ls
      fraudstream dlq ls --reason KEY_MISMATCH --reason NULL_KEY --since 2026-11-20
      fraudstream dlq ls --limit 1000 --json | jq .detail
    """
    from fraudstream.kafka.broker import Broker
    from fraudstream.readers.dead_letters import read_dead_letters

    settings = settings_of(context)
    found = read_dead_letters(Broker.of(settings), _filter(reason, topic, key, since, until))
    letters = sorted(found, key=lambda letter: letter.failed_at)
    newest = letters[-limit:]
    if as_json:
        for letter in newest:
            show(_as_json(letter), as_json=True)
        return
    if not letters:
        write_line("No dead letters")
        return
    rows = [
        (letter.position, f"{letter.failed_at:%Y-%m-%d %H:%M:%S}", letter.reason, letter.key or "-", letter.detail)
        for letter in newest
    ]
    table = Rows(("position", "failed at", "reason", "key", "detail"), rows)
    show(None, f"{len(letters):,} dead letters: {_counts(letters)}", table, as_json=False)


@app.command("show")
def show_letter(
    context: typer.Context,
    position: Annotated[str, typer.Argument(metavar="POSITION", help="Position as PARTITION:OFFSET, see `dlq ls`.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter: reason, source, bytes, and the decoded record if possible.

    [bold]Examples[/]

      fraudstream dlq show 0:17
    """
    from dataclasses import replace

    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.registry_access import registry_of
    from fraudstream.readers.dead_letters import decoded, find_dead_letter, original

    settings = settings_of(context)
    broker = Broker.of(settings)
    letter = find_dead_letter(broker, position)
    whole = original(broker, letter)
    payload = whole[1] if whole else letter.payload
    record = decoded(settings, registry_of(settings), replace(letter, payload=payload))
    parts = _parts(letter, record, whole=whole is not None)
    show({**_as_json(letter), "record": record}, *parts, as_json=as_json)


def _parts(letter: DeadLetter, record: dict[str, Any] | None, *, whole: bool) -> Iterator[str | Rows]:
    """Yield the lines about a letter; `whole` if its source topic still has the record."""
    yield f"{letter.reason} {letter.detail}"
    yield f"source {letter.topic}, partition {letter.partition}, offset {letter.offset}, key {letter.key!r}"
    yield f"failed at {letter.failed_at:%Y-%m-%d %H:%M:%S} UTC"
    yield f"{letter.size:,} bytes: {letter.payload[:SHOWN_BYTES].hex(' ')}"
    if not letter.is_whole:
        yield "The letter has a part of the record; the source topic " + (
            "still has all of it" if whole else "no longer has it, so it can't be replayed"
        )
    yield "These bytes can't be decoded" if record is None else Rows(("field", "value"), record.items())


@app.command()
def replay(
    context: typer.Context,
    positions: Annotated[
        list[str] | None, typer.Argument(metavar="POSITION", help="Positions as PARTITION:OFFSET; all by default.")
    ] = None,
    *,
    reason: Reasons = None,
    topic: Topic = None,
    key: Key = None,
    since: Since = None,
    until: Until = None,
    rekey: Annotated[bool, typer.Option("--rekey", help="Key each record by its own customer_id.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the replay without sending.")] = False,
    as_json: AsJson = False,
) -> None:
    """Replay dead letters to their source topic, once the cause is fixed.

    A replayed duplicate keeps its first score. Records that fail again become new dead letters; the old letters stay
    until the topic's retention removes them. Several letters of one record are replayed once. Records of a partition
    keep their order, behind the records sent since. Exit code 1 when some letters can't be replayed.

    [bold]Examples[/]

      fraudstream dlq replay 0:17 2:4
      fraudstream dlq replay --reason UNKNOWN_SCHEMA --since 2026-11-20
      fraudstream dlq replay --reason KEY_MISMATCH --rekey --dry-run
    """
    from fraudstream.kafka.broker import Broker
    from fraudstream.readers.dead_letters import Replay, read_dead_letters, replay_dead_letters

    settings = settings_of(context)
    broker = Broker.of(settings)
    letters = list(read_dead_letters(broker, _filter(reason, topic, key, since, until, positions)))
    missing = set(positions or ()) - {letter.position for letter in letters}
    if missing:
        raise UserError(
            f"expected dead letters that match all filters at {', '.join(sorted(missing))}, found none. "
            "`fraudstream dlq ls` lists the positions"
        )
    chosen = Replay.of(settings, letters)
    sent, gone = (0, []) if dry_run else replay_dead_letters(broker, chosen.letters, rekey=rekey)
    counts = {"found": len(letters), "repeats": chosen.repeats, "too_large": chosen.too_large}
    result = {**counts, "sent": sent, "gone": [letter.position for letter in gone]}
    show(result, *_replayed(chosen, sent, dry_run=dry_run), as_json=as_json)
    if gone:
        err.print(
            f"Not replayed: {', '.join(letter.position for letter in gone)}. These letters have a part of the record, "
            "and their source topic no longer has the rest"
        )
        raise typer.Exit(1)


def _replayed(chosen: Replay, sent: int, *, dry_run: bool) -> Iterator[str]:
    if dry_run:
        yield f"Would replay {len(chosen.letters):,}" + (f": {_counts(chosen.letters)}" if chosen.letters else "")
    else:
        yield f"Replayed {sent:,}"
    if chosen.repeats:
        yield f"{chosen.repeats:,} duplicate letters of the same records"
    if chosen.too_large:
        yield f"{chosen.too_large:,} are larger than job.max_record_bytes, and would fail again"


def _counts(letters: Sequence[DeadLetter]) -> str:
    counts = Counter(letter.reason for letter in letters).most_common()
    return ", ".join(f"{name} {count:,}" for name, count in counts)


def _filter(
    reasons: list[Reason] | None,
    topic: str | None,
    key: str | None,
    since: datetime | None,
    until: datetime | None,
    positions: list[str] | None = None,
) -> Any:
    from fraudstream.readers.dead_letters import DeadLetterFilter

    return DeadLetterFilter(
        reasons=frozenset(reasons or ()),
        positions=frozenset(positions or ()),
        topic=topic,
        key=key,
        since=since and since.replace(tzinfo=UTC),
        until=until and until.replace(tzinfo=UTC),
    )


def _as_json(letter: DeadLetter) -> dict[str, Any]:
    return {
        "position": letter.position,
        "place": letter.position,  # its former name, until the next release
        "reason": letter.reason,
        "detail": letter.detail,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "key": letter.key,
        "failed_at": letter.failed_at.isoformat(),
        "payload_hex": letter.payload.hex(),
        "payload_size": letter.size,
        "whole": letter.is_whole,
    }
