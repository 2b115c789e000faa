"""Options and shard replies of the commands `rules ...` and `rules lists ...`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudstream.terminal import settings_of

if TYPE_CHECKING:
    from fraudstream.control.model_events import ShardReport
    from fraudstream.kafka.broker import Broker

Reason = Annotated[str, typer.Option(help="Reason, recorded in the audit log.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to wait for the reply of the job.")]


def open_broker(context: typer.Context) -> Broker:
    """Find the broker; the job may start later."""
    from fraudstream.kafka.broker import Broker

    return Broker.of(settings_of(context))


def shards_as_json(shards: list[ShardReport]) -> list[dict[str, Any]]:
    """Return the replies of shards as JSON."""
    return [{"shard": item.shard, "answer": item.answer and asdict(item.answer)} for item in shards]


def shard_lines(shards: list[ShardReport]) -> list[str]:
    """Return lines that say how many shards applied a change, and why others refused it."""
    applied = sum(item.answer is not None and item.answer.kind == "RULES" for item in shards)
    silent = sum(item.answer is None for item in shards)
    refusals = {item.answer.detail for item in shards if item.answer and item.answer.kind != "RULES"}
    return [
        f"{applied} of {len(shards)} shards applied it" + (f", {silent} have not replied" if silent else ""),
        *(f"refused: {detail}" for detail in sorted(refusals)),
    ]


def require_applied(shards: list[ShardReport]) -> None:
    """Exit with code 1 when a shard refused a change, or has not replied."""
    if not all(shard.answer and shard.answer.kind == "RULES" for shard in shards):
        raise typer.Exit(1)
