"""Load process: publishes transactions and labels of an endless card world.

The customers stay the same, so the job's state stops growing; the ids are new and the time continues. Labels go out in
time and are not waited for: that would show in the pace. The last line is
one JSON object: `records`, `seconds`, `behind_ms` (how late the latest record was against the schedule) and
`next_round`, where a later load continues.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import chain, islice

import pyarrow as pa
import pyarrow.compute as pc

from fraudstream.system.interrupts import terminate_as_interrupt
from producers.encoding import Record, encode_labels, encode_transactions
from producers.publisher import Publisher
from producers.replay import in_order, rows_at_once
from producers.replay_with_labels import after_labels, labels_needed, slice_ends
from producers.schedule import ConstantRate
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.columns import EVENT_TIME
from schemas.open_registry import open_registry
from schemas.registry import value_subject
from schemas.topics import Topics

# A round of 30 days is over in half a minute: it begins long ago, so that no event time is ahead of the clock.
WORLD = SimulationConfig(seed=4, customers=10_000, days=30, start=datetime(2005, 1, 3, tzinfo=UTC))


class SteadyWorld:
    """Transactions of the world in rounds.

    Parameters
    ----------
    publisher, topics
        Topic of the labels.
    rate : float
        Transactions per second.
    first_round : int
        First round.
    """

    def __init__(self, publisher: Publisher, topics: Topics, rate: float, first_round: int) -> None:
        self._publisher, self._topics, self._schedule = publisher, topics, ConstantRate(rate)
        self._rows = rows_at_once(self._schedule, rate)
        self._table = simulate(WORLD)
        self.next_round = first_round

    def records(self) -> Iterator[Record]:
        """Yield encoded transactions without end."""
        while True:
            self.next_round += 1
            yield from self._round(later(self._table, self.next_round - 1))

    def _round(self, table: pa.Table) -> Iterator[Record]:
        registry, topics = open_registry(None), self._topics
        known = in_order(table, "label_time")
        labels = encode_labels(known, registry, value_subject(topics.labels), rows_at_once=self._rows)

        def send_labels(count: int) -> None:
            self._publisher.publish(islice(labels, count), topics.labels)

        subject = value_subject(topics.transactions)
        transactions = encode_transactions(table, registry, subject, rows_at_once=self._rows)
        needed = labels_needed(table, known)
        return after_labels(transactions, needed, slice_ends(len(table), self._schedule), send_labels)


def later(table: pa.Table, number: int) -> pa.Table:
    """Return the world's transactions as those of round `number`, with new ids and later times."""
    moved = table.set_column(
        0, "transaction_id", pc.binary_join_element_wise(table["transaction_id"], str(number), "-")
    )
    by = pa.scalar(timedelta(days=number * WORLD.days), pa.duration("ms"))
    for name in ("event_time", "label_time"):
        moved = moved.set_column(table.column_names.index(name), name, pc.add(table[name], by).cast(EVENT_TIME))
    return moved


def main() -> None:
    """Publish and print the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap-servers", required=True)
    parser.add_argument("--rate", type=float, required=True, help="transactions a second")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--first-round", type=int, default=0, help="rounds before it were sent already")
    arguments = parser.parse_args()
    terminate_as_interrupt()
    topics = Topics()
    with Publisher(arguments.bootstrap_servers) as publisher:
        world = SteadyWorld(publisher, topics, arguments.rate, arguments.first_round)
        records: Iterator[Record] = islice(world.records(), round(arguments.rate * arguments.seconds))
        records = chain([next(records)], records)  # encoding the first record needs a second
        sent = publisher.publish(records, topics.transactions, schedule=ConstantRate(arguments.rate))
    print(json.dumps({**asdict(sent), "next_round": world.next_round}))


if __name__ == "__main__":
    main()
