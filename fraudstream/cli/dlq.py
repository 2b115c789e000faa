from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudstream.terminal import AsJson, err, settings_of, write_json, write_line, write_table
from schemas.rejection import Reason

if TYPE_CHECKING:
    from fraudstream.readers.dead_letters import DeadLetter, Replay

app = typer.Typer(help="See what could not be scored, and send it again.", no_args_is_help=True)

SHOWN_BYTES = 256

Reasons = Annotated[list[Reason] | None, typer.Option("--reason", help="Only these; may be repeated.")]
Topic = Annotated[str | None, typer.Option(help="Only records that came from this topic.")]
Key = Annotated[str | None, typer.Option(help="Only records with this key.")]
Since = Annotated[datetime | None, typer.Option(help="Only what was set aside from this time on, UTC.")]
Until = Annotated[datetime | None, typer.Option(help="Only what was set aside before this time, UTC.")]


@app.command("ls")
def list_letters(
    context: typer.Context,
    *,
    reason: Reasons = None,
    topic: Topic = None,
    key: Key = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="Show the newest so many; all are counted.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Count the dead letters by reason, and list the newest.

    [bold]Examples[/]

      fraudstream dlq ls
      fraudstream dlq ls --reason KEY_MISMATCH --reason NULL_KEY --since 2026-11-20
      fraudstream dlq ls --limit 1000 --json | jq .detail
    """
    from fraudstream.kafka.broker import Broker
    from fraudstream.readers.dead_letters import read_dead_letters

    settings = settings_of(context)
    found = read_dead_letters(Broker.of(settings), _wanted(reason, topic, key, since, until))
    letters = sorted(found, key=lambda letter: letter.failed_at)
    newest = letters[-limit:]
    if as_json:
        for letter in newest:
            write_json(_as_json(letter))
        return
    if not letters:
        write_line("No dead letters")
        return
    write_line(f"{len(letters):,} dead letters: {_counts(letters)}")
    rows = [
        (letter.place, f"{letter.failed_at:%Y-%m-%d %H:%M:%S}", letter.reason, letter.key or "-", letter.detail)
        for letter in newest
    ]
    write_table(("place", "set aside", "reason", "key", "detail"), rows)


@app.command()
def show(
    context: typer.Context,
    place: Annotated[str, typer.Argument(help="PARTITION:OFFSET, as `dlq ls` lists it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one dead letter: why, where it lay, its bytes, and the record if they hold one.

    [bold]Examples[/]

      fraudstream dlq show 0:17
    """
    from dataclasses import replace

    from fraudstream.kafka.broker import Broker
    from fraudstream.kafka.registry_access import registry_of
    from fraudstream.readers.dead_letters import decoded, find_dead_letter, original

    settings = settings_of(context)
    broker = Broker.of(settings)
    letter = find_dead_letter(broker, place)
    whole = original(broker, letter)
    payload = whole[1] if whole else letter.payload
    record = decoded(settings, registry_of(settings), replace(letter, payload=payload))
    if as_json:
        write_json({**_as_json(letter), "record": record})
        return
    write_line(f"{letter.reason} {letter.detail}")
    write_line(f"came from {letter.topic}, partition {letter.partition}, offset {letter.offset}, key {letter.key!r}")
    write_line(f"set aside {letter.failed_at:%Y-%m-%d %H:%M:%S} UTC")
    write_line(f"{letter.size:,} bytes: {letter.payload[:SHOWN_BYTES].hex(' ')}")
    if not letter.is_whole:
        where = "still there" if whole else "there no more: it can't be replayed"
        write_line(f"The letter has only a part of it; where it came from the whole is {where}")
    if record is None:
        write_line("No record can be read from these bytes")
    else:
        write_table(("field", "value"), record.items())


@app.command()
def replay(
    context: typer.Context,
    places: Annotated[list[str] | None, typer.Argument(help="PARTITION:OFFSET of each; all if left out.")] = None,
    *,
    reason: Reasons = None,
    topic: Topic = None,
    key: Key = None,
    since: Since = None,
    until: Until = None,
    rekey: Annotated[bool, typer.Option("--rekey", help="Send each under the customer that its record names.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send dead letters again to the topic that they came from, once their cause is mended.

    Sent twice, a transaction is still scored once: its second score is its first. What is still bad comes
    back as a new dead letter; the old ones stay until the topic's retention removes them. Of several letters
    of one record one is sent, so replaying again never sends more. A partition's records go in the order in
    which they came; what their customers sent since is before them. Exit code 1 when some can't be sent.

    [bold]Examples[/]

      fraudstream dlq replay 0:17 2:4
      fraudstream dlq replay --reason UNKNOWN_SCHEMA --since 2026-11-20
      fraudstream dlq replay --reason KEY_MISMATCH --rekey --dry-run
    """
    from fraudstream.kafka.broker import Broker
    from fraudstream.readers.dead_letters import NoSuchDeadLetterError, Replay, read_dead_letters, replay_dead_letters

    settings = settings_of(context)
    broker = Broker.of(settings)
    letters = list(read_dead_letters(broker, _wanted(reason, topic, key, since, until, places)))
    missing = set(places or ()) - {letter.place for letter in letters}
    if missing:
        raise NoSuchDeadLetterError(
            f"expected dead letters that meet every condition at {', '.join(sorted(missing))}, was none: "
            "`fraudstream dlq ls` lists the places"
        )
    chosen = Replay.of(settings, letters)
    sent, gone = (0, []) if dry_run else replay_dead_letters(broker, chosen.letters, rekey=rekey)
    if as_json:
        counts = {"found": len(letters), "repeats": chosen.repeats, "too_large": chosen.too_large}
        write_json({**counts, "sent": sent, "gone": [letter.place for letter in gone]})
    else:
        _tell(chosen, sent, dry_run=dry_run)
    if gone:
        err.print(
            f"Not sent: {', '.join(letter.place for letter in gone)}. The letters have only a part of these records, "
            "and the topic that they came from has them no more"
        )
        raise typer.Exit(1)


def _tell(chosen: Replay, sent: int, *, dry_run: bool) -> None:
    if dry_run:
        write_line(f"Would send {len(chosen.letters):,}" + (f": {_counts(chosen.letters)}" if chosen.letters else ""))
    else:
        write_line(f"Sent {sent:,} again")
    if chosen.repeats:
        write_line(f"{chosen.repeats:,} more are letters of the same records")
    if chosen.too_large:
        write_line(f"{chosen.too_large:,} are larger than job.max_record_bytes, and would come back")


def _counts(letters: Sequence[DeadLetter]) -> str:
    counts = Counter(letter.reason for letter in letters).most_common()
    return ", ".join(f"{name} {count:,}" for name, count in counts)


def _wanted(
    reasons: list[Reason] | None,
    topic: str | None,
    key: str | None,
    since: datetime | None,
    until: datetime | None,
    places: list[str] | None = None,
) -> Any:
    from fraudstream.readers.dead_letters import Wanted

    return Wanted(
        reasons=frozenset(reasons or ()),
        places=frozenset(places or ()),
        topic=topic,
        key=key,
        since=since and since.replace(tzinfo=UTC),
        until=until and until.replace(tzinfo=UTC),
    )


def _as_json(letter: DeadLetter) -> dict[str, Any]:
    return {
        "place": letter.place,
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
