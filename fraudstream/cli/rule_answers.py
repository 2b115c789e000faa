"""Options and answers that the commands on rules and on lists share."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudstream.terminal import out, settings_of, write_line

if TYPE_CHECKING:
    from fraudstream.control.model_events import ShardReport
    from fraudstream.devstack.stack import Services
    from fraudstream.settings.settings import Settings

Reason = Annotated[str, typer.Option(help="Reason, recorded in the log.")]
Wait = Annotated[float, typer.Option(min=0, help="Seconds to wait for the job's answer.")]


def open_services(context: typer.Context) -> tuple[Settings, Services]:
    """Find the broker; the job that reads it may come later."""
    from fraudstream.devstack.stack import Services
    from fraudstream.kafka.broker import Broker

    settings = settings_of(context)
    return settings, Services(
        bootstrap_servers=Broker.of(settings).bootstrap_servers, rest_url=settings.flink.rest_url or ""
    )


def all_answers(settings: Settings, services: Services, order_id: str, seconds: float) -> list[ShardReport]:
    """Return the answers of all shards to an order, as far as they came in time."""
    from fraudstream.control.model_events import await_answers

    return await_answers(services.broker(settings), order_id, seconds=seconds)


def shards_as_json(told: list[ShardReport]) -> list[dict[str, Any]]:
    """Return answers for a program to read."""
    return [{"shard": item.shard, "answer": item.answer and asdict(item.answer)} for item in told]


def show_answers(told: list[ShardReport]) -> None:
    """Show how many shards follow an order, and why others refuse it."""
    follow = sum(item.answer is not None and item.answer.kind == "RULES" for item in told)
    silent = sum(item.answer is None for item in told)
    out.print(f"{follow} of {len(told)} shards follow them" + (f", {silent} have not answered" if silent else ""))
    refusals = {item.answer.detail for item in told if item.answer and item.answer.kind != "RULES"}
    for detail in sorted(refusals):
        write_line(f"refused: {detail}")


def require_followed(told: list[ShardReport]) -> None:
    """End with exit code 1 where a shard refuses an order, or has not answered."""
    if not all(shard.answer and shard.answer.kind == "RULES" for shard in told):
        raise typer.Exit(1)
