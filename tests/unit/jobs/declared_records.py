"""Transactions with declared columns, as Kafka records for the job's operators."""

from producers.encoding import encode_transactions
from schemas.columns import TRANSACTION_ARROW
from schemas.declaration.with_declared import with_declared
from schemas.registry import FileRegistry
from tests.unit.training.declared_histories import declaration, with_columns
from tests.unit.training.histories import history

NOW_MS, ROWS = 1_800_000_000_000, 400


def table():
    whole = with_columns(history().slice(0, ROWS), seed=3)
    return whole.select(with_declared(TRANSACTION_ARROW, declaration()).names)


def records(own, rows=None):
    encoded = encode_transactions(rows or table(), FileRegistry(), "t-value", declaration=own)
    return [(key.decode(), value) for key, value in encoded]
