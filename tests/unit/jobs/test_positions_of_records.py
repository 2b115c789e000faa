"""Positions in scores and alerts: records of one position are repeats."""

from collections import Counter

import pytest

from jobs.record_types import TRANSACTIONS
from schemas.wall_clock import now_ms
from tests.unit.jobs.operator_in_memory import OperatorInMemory, batches
from tests.unit.jobs.shard_transactions import ROWS, SHARD, SIZE, transactions
from tests.unit.training.histories import customer_folder, history

BAD = {0, 3, 60, 99, 399}


@pytest.fixture(scope="module")
def operator():
    """Return an operator that was sent transactions, bad records between them, and then a repeated transaction."""
    found = OperatorInMemory(customer_folder())
    records = [(key, b"bad" if row in BAD else value) for row, (key, value) in enumerate(transactions())]
    for batch in batches([*records, records[-2]], SIZE):
        found.send(TRANSACTIONS, batch, shard=SHARD, time_ms=now_ms())
    return found


@pytest.mark.parametrize("topic", ["fraud.scores.v1", "fraud.alerts.v1"])
def test_record_names_the_position_of_its_transaction(operator, topic):
    rows = {name: row for row, name in enumerate(history().slice(0, ROWS).column("transaction_id").to_pylist())}
    records = [record for record in operator.of(topic) if record["offset"] < ROWS]
    assert records
    assert [record["offset"] for record in records] == [rows[record["transaction_id"]] for record in records]
    assert {record["partition"] for record in records} == {0}


def test_each_position_has_a_score_or_a_dead_letter(operator):
    found = Counter(record["offset"] for record in [*operator.of("fraud.scores.v1"), *operator.letters])
    assert found == Counter(range(ROWS + 1))


def test_transaction_that_is_sent_again_has_a_score_at_each_of_its_positions(operator):
    *_, first, second = operator.of("fraud.scores.v1")
    assert (first["offset"], second["offset"]) == (ROWS - 2, ROWS)
    assert (first["transaction_id"], first["score"]) == (second["transaction_id"], second["score"])
