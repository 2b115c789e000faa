"""Card numbers among the newest transactions of the topic."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import read_topic
from fraudstream.readers.message_decoding import decoded, transaction_decoder
from schemas.columns import TRANSACTION_ARROW
from schemas.declaration.with_declared import with_declared
from schemas.errors import UserError
from schemas.mapping.card_numbers import CardNumberCount
from schemas.registry import RegistryUnavailableError
from schemas.rule_book import meant

LOG = logging.getLogger(__name__)

NEWEST = 10_000
"""Transactions that are searched: enough for three cards where one in a thousand has a number."""


@dataclass(frozen=True, kw_only=True)
class ColumnWithCards:
    """Column of the transactions that has card numbers.

    Attributes
    ----------
    name : str
    cards : int
        Distinct numbers found.
    example : str
        Last digits of one.
    """

    name: str
    cards: int
    example: str

    def __str__(self) -> str:
        return f"{self.cards:,} in {self.name}, such as ****{self.example}"


def columns_with_cards(broker: Broker) -> list[ColumnWithCards]:
    """Return the columns of the newest valid transactions that have card numbers and are not declared as tokens.

    Columns that no part of the job reads are not searched.

    Raises
    ------
    UserError
        `job.token_columns` names a column that there is not.
    RuntimeFailure
        The broker does not give the records.
    """
    schema = with_declared(TRANSACTION_ARROW, broker.settings.declaration)
    tokens = broker.settings.job.token_columns
    for name in tokens:
        if name not in schema.names:
            raise UserError(
                f"expected columns of the transactions as job.token_columns, got {name!r}{meant(name, schema.names)}"
            )
    messages = list(read_topic(broker, broker.topics.transactions, newest=NEWEST))
    if not messages:
        return []
    records = decoded(messages, transaction_decoder(broker)).records
    found = [_cards_in(name, records.column(name)) for name in schema.names if name not in tokens]
    return [column for column in found if column is not None]


def require_no_card_numbers(broker: Broker) -> None:
    """Refuse a topic whose newest transactions have card numbers: the job would copy them to its state and topics.

    While the schema registry is away nothing can be read, and nothing is refused: the job waits for it.

    Raises
    ------
    UserError
        With the columns, and what to do.
    """
    try:
        columns = columns_with_cards(broker)
    except RegistryUnavailableError as error:
        LOG.warning("expected to search %s for card numbers, got %s", broker.topics.transactions, error)
        return
    if columns:
        found = "; ".join(map(str, columns))
        raise UserError(
            f"expected no card numbers in {broker.topics.transactions}, got {found}. {card_advice(columns)}"
        )


def card_advice(columns: list[ColumnWithCards]) -> str:
    """Return what to do about columns with card numbers."""
    names = ", ".join(f'"{column.name}"' for column in columns)
    return (
        "Send hashes or tokens instead, into a new topic (docs/import.md#card-numbers); if these are tokens, set "
        f"job.token_columns = [{names}]"
    )


def _cards_in(name: str, column: pa.Array) -> ColumnWithCards | None:
    texts = _texts(column)
    if texts is None:
        return None
    count = CardNumberCount()
    count.add(texts)
    if not count.are_card_numbers:
        return None
    return ColumnWithCards(name=name, cards=len(count.cards), example=min(count.cards)[-4:])


def _texts(column: pa.Array) -> pa.Array | None:
    """Return what of a column may have the digits of cards: texts, and declared numbers."""
    if pa.types.is_string(column.type):
        return column
    if not pa.types.is_float64(column.type):
        return None
    whole = column.filter(pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), 2**53)))
    return whole.cast(pa.int64()).cast(pa.string())
