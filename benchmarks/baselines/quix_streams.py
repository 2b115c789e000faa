"""Baseline in Quix Streams: one transaction at a time, with state backed by a changelog topic."""

import logging
from typing import Any

from quixstreams import Application, State

from benchmarks.baselines.arguments import Arguments, parse_arguments
from benchmarks.baselines.card_scorer import CardScorer, Output
from benchmarks.baselines.plain_history import PlainHistory, Seen
from models.features.history import K


def application(arguments: Arguments) -> Application:
    """Return the application with its dataframe."""
    scorer = CardScorer(arguments.model)

    def score(payload: bytes, state: State) -> Output:
        record = scorer.decode(payload)
        # State is JSON: rows of values instead of objects.
        kept: list[list[Any]] = state.get("history", [])
        history = PlainHistory(Seen(*values) for values in kept)
        row = scorer.advance(history, record)
        newest = history.seen[-1]
        kept.append([getattr(newest, name) for name in Seen.__slots__])
        state.set("history", kept[-K:])
        return scorer.outputs([record], [row])[0]

    app = Application(
        broker_address=arguments.bootstrap_servers,
        consumer_group=arguments.group,
        auto_offset_reset="earliest",
        state_dir=arguments.state / str(arguments.process),
        producer_extra_config={"linger.ms": 5, "compression.type": "lz4"},
        loglevel=logging.WARNING,
    )

    def topic(name: str) -> Any:
        return app.topic(name, key_deserializer="bytes", value_deserializer="bytes", value_serializer="bytes")

    scored = app.dataframe(topic(arguments.topic)).apply(score, stateful=True)
    scored.apply(lambda output: output[0]).to_topic(topic(arguments.scores_topic))
    scored.filter(lambda output: output[1] is not None).apply(lambda output: output[1]).to_topic(
        topic(arguments.alerts_topic)
    )
    return app


if __name__ == "__main__":
    application(parse_arguments(__doc__)).run()
