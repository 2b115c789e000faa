"""Replacement of a rule book by another one, unless a third one is in force."""

import logging
from contextlib import suppress

from confluent_kafka import KafkaError, KafkaException, Producer

from fraudstream.control.control_topic import encode_rules, read_rules
from fraudstream.kafka.broker import Broker
from fraudstream.system.failures import RuntimeFailure
from schemas.errors import UserError
from schemas.rule_book import RULES_KEY, RuleBook

TIMEOUT_S = 30.0
TRANSACTION_MS = 10_000
"""Time after which the broker aborts the transaction of a process that died: readers of the topic wait until then."""

_FENCED = {KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH}
_SILENT = logging.Logger("rules-apply")
"""Log of the client: librdkafka prints fatal errors at any log level, and the message says them."""
_SILENT.addHandler(logging.NullHandler())


class BookReplacedError(UserError):
    """Refusal of a rule book, since its base is not in force."""

    exit_code = 1


def replace_rules(broker: Broker, book: RuleBook) -> None:
    """Publish a rule book, if its base is still in force.

    All replacements have one transactional id: a later one fences an earlier one that has not ended. The book that is
    read here is therefore the book that is replaced.

    Parameters
    ----------
    book
        Its `replaces` names the book that must be in force; empty: none may be.

    Raises
    ------
    BookReplacedError
        Another book is in force, or comes into force at the same moment.
    RuleError
        The book is too large.
    NotReady
        There is no control topic, or no broker answers.
    RuntimeFailure
        The broker does not allow the transaction.
    """
    payload, topic = encode_rules(broker, book), broker.topics.control
    _require_in_force(book.replaces, read_rules(broker))
    producer = Producer(
        {
            "partitioner": "murmur2_random",
            **broker.properties,
            "enable.idempotence": True,
            "transactional.id": f"fraudstream-rules-{topic}",
            "transaction.timeout.ms": TRANSACTION_MS,
            "delivery.timeout.ms": TRANSACTION_MS,
        },
        logger=_SILENT,
    )
    try:
        producer.init_transactions(TIMEOUT_S)
        _require_in_force(book.replaces, read_rules(broker))
        producer.begin_transaction()
        producer.produce(topic, payload, RULES_KEY.encode())
        producer.commit_transaction(TIMEOUT_S)
    except KafkaException as error:
        with suppress(KafkaException):
            producer.abort_transaction(TIMEOUT_S)
        raise _failure(error.args[0]) from None


def described(book: RuleBook | None) -> str:
    """Describe a rule book: id, time, author and reason."""
    if book is None or not book.book_id:
        return "none"
    why = f": {book.reason}" if book.reason else ""
    return f"{book.book_id}, applied {book.changed_at:%Y-%m-%d %H:%M:%S} UTC by {book.changed_by}{why}"


def _require_in_force(book_id: str, found: RuleBook | None) -> None:
    if book_id != ("" if found is None else found.book_id):
        raise BookReplacedError(
            f"expected the rule book to replace to be in force, {book_id or 'none'}, got {described(found)}. "
            "See `fraudstream rules ls`, copy the rules to keep, and apply again; --force replaces it as it is"
        )


def _failure(error: KafkaError) -> Exception:
    if error.code() in _FENCED:
        return BookReplacedError(
            "expected to apply rules alone, got another `rules apply` at the same moment. "
            "See `fraudstream rules ls`, then apply again"
        )
    return RuntimeFailure(
        f"expected the broker to accept the rule book in a transaction, got: {error.str()}. Allow transactional ids "
        "that begin with fraudstream, or apply with --force, which needs none"
    )
