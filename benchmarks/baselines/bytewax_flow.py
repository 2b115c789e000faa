"""Baseline in Bytewax: a stateful map by customer, then scores by batch, with its recovery store."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import TypeAlias

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSinkMessage, KafkaSourceMessage
from bytewax.connectors.kafka import operators as kafka
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from benchmarks.baselines.arguments import Arguments, parse_arguments
from benchmarks.baselines.card_scorer import CardScorer, Record, Row
from benchmarks.baselines.window_sums import WindowSums
from fraudstream.system.deadline import wait_until

BATCH = 1_000
EPOCH = timedelta(seconds=10)
"""Default of Bytewax."""
START_S = 60.0

Described = tuple[str, tuple[Record, Row]]
Message: TypeAlias = KafkaSinkMessage[bytes, bytes]


def flow(arguments: Arguments) -> Dataflow:
    """Return the dataflow."""
    scorer = CardScorer(arguments.model)

    def decode(message: KafkaSourceMessage[bytes, bytes]) -> tuple[str, Record]:
        record = scorer.decode(message.value)
        return record["customer_id"], record

    def advance(history: WindowSums | None, record: Record) -> tuple[WindowSums, tuple[Record, Row]]:
        history = history or WindowSums()
        return history, (record, scorer.advance(history, record))

    def score(batch: list[Described]) -> Iterator[Message]:
        records, rows = zip(*(described for _, described in batch), strict=True)
        for (customer, _), (scored, alert) in zip(batch, scorer.outputs(records, rows), strict=True):
            key = customer.encode()
            yield KafkaSinkMessage(key=key, value=scored, topic=arguments.scores_topic)
            if alert:
                yield KafkaSinkMessage(key=key, value=alert, topic=arguments.alerts_topic)

    dataflow = Dataflow("score_transactions")
    brokers = [arguments.bootstrap_servers]
    read = kafka.input("transactions", dataflow, brokers=brokers, topics=[arguments.topic], batch_size=BATCH)
    keyed = op.map("decode", read.oks, decode)
    described = op.stateful_map("advance", keyed, advance)
    scored = op.flat_map_batch("score", described, score)
    settings = {"linger.ms": "5", "compression.type": "lz4"}
    kafka.output("outputs", scored, brokers=brokers, topic=arguments.scores_topic, add_config=settings)
    return dataflow


def addresses(arguments: Arguments) -> list[str]:
    """Return the addresses of the dataflow's processes, chosen by the first."""
    file = arguments.state / "addresses"
    if arguments.process == 0:
        init_db_dir(arguments.state, 1)
        chosen = [socket.create_server(("127.0.0.1", 0)) for _ in range(arguments.processes)]
        partial = file.with_suffix(".partial")
        partial.write_text("\n".join(f"127.0.0.1:{one.getsockname()[1]}" for one in chosen))
        for one in chosen:
            one.close()
        partial.rename(file)
    if not wait_until(file.exists, seconds=START_S):
        raise SystemExit(f"expected {file} within {START_S:.0f} s, got none. See the first process's log")
    return file.read_text().splitlines()


def main() -> None:
    """Score until stopped."""
    arguments = parse_arguments(__doc__)
    at = addresses(arguments)
    recovery = RecoveryConfig(arguments.state)
    cli_main(
        flow(arguments), process_id=arguments.process, addresses=at, epoch_interval=EPOCH, recovery_config=recovery
    )


if __name__ == "__main__":
    main()
