from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from runtime.commands.screen import AsJson, err, out, settings_of, write_json, write_table
from schemas.rejection import Reason

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
    from runtime.dead_letters import read_dead_letters
    from runtime.embedded import find_bootstrap

    settings = settings_of(context)
    found = read_dead_letters(settings, find_bootstrap(settings), _wanted(reason, topic, key, since, until))
    letters = sorted(found, key=lambda letter: letter.failed_at)
    newest = letters[-limit:]
    if as_json:
        for letter in newest:
            write_json(_as_json(letter))
        return
    if not letters:
        out.print("No dead letters")
        return
    counts = Counter(letter.reason for letter in letters).most_common()
    out.print(f"{len(letters):,} dead letters: " + ", ".join(f"{name} {count:,}" for name, count in counts))
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
    from runtime.dead_letters import decoded, find_dead_letter
    from runtime.embedded import find_bootstrap
    from runtime.registry_access import registry_of

    settings = settings_of(context)
    letter = find_dead_letter(settings, find_bootstrap(settings), place)
    record = decoded(settings, registry_of(settings), letter)
    if as_json:
        write_json({**_as_json(letter), "record": record})
        return
    out.print(f"[bold]{letter.reason}[/] {letter.detail}", soft_wrap=True)
    out.print(f"came from {letter.topic}, partition {letter.partition}, offset {letter.offset}, key {letter.key!r}")
    out.print(f"set aside {letter.failed_at:%Y-%m-%d %H:%M:%S} UTC")
    out.print(f"{len(letter.payload):,} bytes: {letter.payload[:SHOWN_BYTES].hex(' ')}", soft_wrap=True)
    if record is None:
        out.print("No record can be read from these bytes")
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
    mend_keys: Annotated[
        bool, typer.Option("--mend-keys", help="Send each under the customer that its record names.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send dead letters again to the topic that they came from, once their cause is mended.

    Sent twice, a transaction is still scored once: its second score is its first. What is still bad comes
    back as a new dead letter; the old ones stay until the topic's retention removes them.

    [bold]Examples[/]

      fraudstream dlq replay 0:17 2:4
      fraudstream dlq replay --reason UNKNOWN_SCHEMA --since 2026-11-20
      fraudstream dlq replay --reason KEY_MISMATCH --mend-keys --dry-run
    """
    from runtime.dead_letters import NoSuchDeadLetterError, read_dead_letters, replay_dead_letters
    from runtime.embedded import find_bootstrap

    settings = settings_of(context)
    servers = find_bootstrap(settings)
    wanted = _wanted(reason, topic, key, since, until, places)
    letters = sorted(read_dead_letters(settings, servers, wanted), key=lambda letter: letter.failed_at)
    missing = set(places or ()) - {letter.place for letter in letters}
    if missing:
        raise NoSuchDeadLetterError(
            f"expected dead letters that meet every condition at {', '.join(sorted(missing))}, was none: "
            "`fraudstream dlq ls` lists the places"
        )
    sent = 0 if dry_run else replay_dead_letters(settings, servers, letters, mend_keys=mend_keys)
    if as_json:
        write_json({"found": len(letters), "sent": sent})
    elif dry_run:
        err.print(f"Would send {len(letters):,}")
    else:
        out.print(f"Sent {sent:,} again")


def _wanted(
    reasons: list[Reason] | None,
    topic: str | None,
    key: str | None,
    since: datetime | None,
    until: datetime | None,
    places: list[str] | None = None,
) -> Any:
    from runtime.dead_letters import Wanted

    return Wanted(
        reasons=frozenset(reasons or ()),
        places=frozenset(places or ()),
        topic=topic,
        key=key,
        since=since and since.replace(tzinfo=UTC),
        until=until and until.replace(tzinfo=UTC),
    )


def _as_json(letter: Any) -> dict[str, Any]:
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
    }
