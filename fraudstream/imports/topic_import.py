"""Continuous import: records of a team's topic in JSON become transactions, each exactly once."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from fraudstream.imports.import_summary import ImportSummary
from fraudstream.imports.json_records import json_rows
from fraudstream.imports.shared_reader import SharedReader
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.position import position_of
from fraudstream.kafka.registry_access import registry_of
from fraudstream.system.failures import RuntimeFailure
from producers.encoding import encode_labels, encode_transactions
from producers.publisher import SETTINGS
from schemas.avro_schemas import DEAD_LETTER
from schemas.codec import RecordCodec
from schemas.columns import TRANSACTION_ARROW
from schemas.dead_letter import dead_letter
from schemas.declaration.declaration import Declaration
from schemas.errors import UserError
from schemas.mapping.card_numbers import has_card_number
from schemas.mapping.rejected_rows import rejected_in_words
from schemas.mapping.row_converter import ConvertedRows, RowConverter, with_missing
from schemas.mapping.transaction_map import LABEL_COLUMNS, TransactionMap
from schemas.registry import value_subject
from schemas.rejection import Reason
from schemas.row_selection import items_of
from schemas.rule_book import meant
from schemas.wall_clock import now_ms

LOG = logging.getLogger("fraudstream.import")

RECORDS_AT_ONCE = 5_000
TRANSACTION_MS = 30_000
"""Time after which the broker aborts the transaction of a process that stopped; a restart aborts it at once."""
RETRY_S = 120.0


class Outgoing(NamedTuple):
    """Record to send; a dead letter may have no key."""

    topic: str
    key: bytes | None
    value: bytes


class TopicImport:
    """Converter of a topic's records in JSON to transactions, labels and dead letters.

    What is sent, and the offsets of what it was made of, are one Kafka transaction: after a failure, records are
    converted again that were not, and no others. Processes of one group share the partitions.

    Parameters
    ----------
    mapping : TransactionMap
        Where the fields of a transaction are in a record.
    key : bytes or None
        Key of hashed columns.
    topic : str
        Topic to read.
    group : str
        Consumer group, whose offsets say what is converted.
    instance : str
        Name of this process within its group; a second process of that name takes its place.
    wait_s : float
        Seconds that records are gathered for one transaction.
    """

    def __init__(
        self,
        broker: Broker,
        mapping: TransactionMap,
        key: bytes | None,
        *,
        topic: str,
        group: str,
        instance: str = "1",
        wait_s: float = 0.05,
        on_progress: Callable[[ImportSummary], None] = lambda _: None,
    ) -> None:
        settings = broker.settings
        self.summary = ImportSummary(with_customers=False)
        self._topics, self._declaration = broker.topics, settings.declaration
        self._max_bytes = settings.job.max_record_bytes
        self._mapping = mapping
        self._converter = RowConverter(mapping, settings.file_limits, key)
        self._registry = registry_of(settings)
        self._dead_letters = RecordCodec(DEAD_LETTER, value_subject(broker.topics.dead_letters), self._registry)
        self._reader = SharedReader(broker, topic, group, instance, wait_s=wait_s)
        self._topic, self._on_progress = topic, on_progress
        self._unseen = set(mapping.columns)
        self._sent_s = time.monotonic()
        self._producer = _transactional_producer(broker, f"{group}-{instance}")

    @property
    def unseen(self) -> list[str]:
        """Columns of the map that no record had so far."""
        return [name for name in self._mapping.columns if name in self._unseen]

    def run(self, *, follow: bool) -> None:
        """Convert to the end of what there is now, or with `follow` until the caller is interrupted.

        Raises
        ------
        MapError
            A column that is neither hashed nor a token contains card numbers.
        RuntimeFailure
            The brokers do not take the records, or another process reads under the same name.
        """
        with closing(self._reader):
            try:
                for messages in self._reader.batches(follow=follow, size=RECORDS_AT_ONCE):
                    rows, transactions = self._encoded(self._converted(messages))
                    if self._send([*transactions, *self._labels(rows), *self._letters(rows, messages)], messages):
                        self.summary.add(rows, partial(_position_text, messages))
                        self._on_progress(self.summary)
            finally:
                with suppress(KafkaException):  # none is open, unless the caller was interrupted
                    self._producer.abort_transaction()

    def _converted(self, messages: list[Message]) -> ConvertedRows:
        """Convert records; rejected are also those without any value."""
        source = json_rows([message.value() for message in messages], self._mapping.columns)
        self._unseen -= {name for name in self._unseen if source.columns.column(name).null_count < len(source.rows)}
        converted = self._converter.convert(source.columns, source.rows)
        blank = np.setdiff1d(source.rows, np.concatenate((converted.rows, converted.rejected["row"].to_numpy())))
        nothing = ["expected the columns of the map, got none of them"] * len(blank)
        rejected = pa.concat_tables(
            [source.rejected, converted.rejected, rejected_in_words(blank, Reason.UNDECODABLE, "", None, nothing)]
        )
        return ConvertedRows(with_missing(converted.records), converted.rows, rejected.sort_by("row"), 0)

    def _encoded(self, rows: ConvertedRows) -> tuple[ConvertedRows, list[Outgoing]]:
        """Encode transactions; those that the job would refuse for their size are rejected too."""
        topic = self._topics.transactions
        records = encode_transactions(rows.records, self._registry, value_subject(topic), declaration=self._declaration)
        encoded = [Outgoing(topic, key, value) for key, value in records]
        large = np.flatnonzero([len(item.value) > self._max_bytes for item in encoded])
        if large.size:
            details = [
                f"expected a record of up to {self._max_bytes:,} bytes, got {len(encoded[row].value):,}"
                for row in large
            ]
            rejected = rejected_in_words(rows.rows[large], Reason.TOO_LARGE, "", None, details)
            kept = np.setdiff1d(np.arange(len(encoded)), large)
            rows = ConvertedRows(
                rows.records.take(pa.array(kept)),
                rows.rows[kept],
                pa.concat_tables([rows.rejected, rejected]).sort_by("row"),
                rows.blank,
            )
            encoded = items_of(encoded, kept)
        return rows, encoded

    def _labels(self, rows: ConvertedRows) -> Iterator[Outgoing]:
        if self._mapping.is_labelled:
            topic, labels = self._topics.labels, rows.records.filter(rows.records["label_time"].is_valid())
            for key, value in encode_labels(labels, self._registry, value_subject(topic)):
                yield Outgoing(topic, key, value)

    def _letters(self, rows: ConvertedRows, messages: list[Message]) -> Iterator[Outgoing]:
        for row in rows.rejected.to_pylist():
            yield self._dead_letter(messages[row["row"]], Reason(row["reason"]), row["detail"])

    def _dead_letter(self, message: Message, reason: Reason, detail: str) -> Outgoing:
        """Return a letter; of a record with secrets it has the position alone."""
        payload = message.value() or b""
        raw_key = message.key()
        key = None if raw_key is None else bytes(raw_key).decode("utf-8", "replace")
        letter = dead_letter(
            reason,
            detail,
            (self._topic, *position_of(message)),
            None if key is None or self._is_secret(key) else key,
            payload,
            kept_bytes=0 if self._is_secret(payload.decode("utf-8", "replace")) else self._max_bytes,
            now_ms=now_ms(),
        )
        letter_key = None if letter["key"] is None else letter["key"].encode()
        return Outgoing(self._topics.dead_letters, letter_key, self._dead_letters.encode(letter))

    def _is_secret(self, text: str) -> bool:
        return any(self._mapping.hashed) or has_card_number(text)

    def _send(self, outgoing: list[Outgoing], messages: list[Message]) -> bool:
        """Send records in one transaction with the offsets of what they are made of; return whether it holds.

        One that is aborted holds nothing, and the reader goes back to where the group is.
        """
        producer = self._producer
        try:
            producer.begin_transaction()
            for item in outgoing:
                self._produce(item)
            producer.send_offsets_to_transaction(self._reader.offsets_after(messages), self._reader.group_metadata())
            producer.commit_transaction()
        except KafkaException as error:
            self._abort(error.args[0])
            self._reader.rewind()
            return False
        self._sent_s = time.monotonic()
        return True

    def _produce(self, item: Outgoing) -> None:
        while True:
            try:
                return self._producer.produce(item.topic, item.value, item.key)
            except BufferError:
                self._producer.poll(0.01)

    def _abort(self, error: KafkaError) -> None:
        """Abort the transaction, so that another can be tried.

        Raises
        ------
        RuntimeFailure
            None has succeeded for RETRY_S, or none can any more.
        """
        LOG.warning("transaction aborted: %s", error.str())
        if not error.fatal() and time.monotonic() < self._sent_s + RETRY_S:
            with suppress(KafkaException):
                self._producer.abort_transaction()
                return
        raise RuntimeFailure(
            f"expected the broker to take records in a transaction, got: {error.str()}. Another process may run with "
            "the same --group and --instance; what is not committed is converted at the next start"
        )


def require_declared(mapping: TransactionMap, declaration: Declaration | None) -> None:
    """Refuse a map with columns that the job would not read, or would read as another kind."""
    core = {*TRANSACTION_ARROW.names, *(item.name for item in LABEL_COLUMNS)}
    declared = {} if declaration is None else {column.name: column.type for column in declaration.arrow}
    for target in mapping.sources:
        if target.name in core:
            continue
        if target.name not in declared:
            raise UserError(
                f"expected a column {target.name} in the declaration, found none"
                f"{meant(target.name, declared) or '. Set job.declaration to this map'}, or remove it from the map"
            )
        if target.arrow.type != declared[target.name]:
            raise UserError(
                f"expected {target.name} to be the same kind in the declaration, got {declared[target.name]} there "
                f"and {target.arrow.type} in the map. Correct one"
            )


def _position_text(messages: Sequence[Message], row: int) -> str:
    partition, offset = position_of(messages[row])
    return f"{partition}:{offset}"


def _transactional_producer(broker: Broker, name: str) -> Producer:
    """Open a producer, and abort what a former process of the same name left open."""
    limits: dict[str, Any] = {"transaction.timeout.ms": TRANSACTION_MS, "delivery.timeout.ms": TRANSACTION_MS}
    producer = Producer(
        {**SETTINGS, **broker.properties, **limits, "transactional.id": name, "enable.idempotence": True}
    )
    try:
        producer.init_transactions(RETRY_S)
    except KafkaException as error:
        raise RuntimeFailure(
            f"expected the broker to allow the transactional id {name}, got: {error.args[0].str()}. Allow ids that "
            "begin with the name of the group"
        ) from None
    return producer
