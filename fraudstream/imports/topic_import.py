"""Continuous import: records of a team's topic in JSON become transactions, each exactly once."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, KafkaError, KafkaException, Message, Producer

from fraudstream.imports.import_summary import ImportSummary
from fraudstream.imports.json_records import json_rows
from fraudstream.imports.shared_reader import SharedReader
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.position import position_of
from fraudstream.kafka.registry_access import registry_of
from fraudstream.system.failures import RuntimeFailure
from producers.encoding import Record, encode_labels, encode_transactions
from producers.publisher import SETTINGS
from schemas.avro_schemas import DEAD_LETTER
from schemas.codec import RecordCodec
from schemas.columns import TRANSACTION_ARROW
from schemas.dead_letter import dead_letter
from schemas.declaration.declaration import Declaration
from schemas.errors import UserError
from schemas.mapping.card_numbers import has_card_number
from schemas.mapping.rejected_rows import rejected_in_words
from schemas.mapping.row_converter import ConvertedRows, RowConverter
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
    """Record to send, and the Kafka time of the one that it was made of; 0: now."""

    topic: str
    record: Record | tuple[bytes | None, bytes]
    time_ms: int = 0


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
        self.summary = ImportSummary()
        self._topics, self._declaration = broker.topics, settings.declaration
        self._kept_bytes = settings.job.max_record_bytes
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
        UserError
            The topic was deleted and created again.
        RuntimeFailure
            The brokers do not take the records.
        """
        with closing(self._reader):
            try:
                for messages in self._reader.batches(follow=follow, size=RECORDS_AT_ONCE):
                    rows = self._converted(messages)
                    if self._send(list(self._outgoing(rows, messages)), messages):
                        self.summary.add(rows)
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
        return converted._replace(rejected=rejected.sort_by("row"), blank=0)

    def _outgoing(self, rows: ConvertedRows, messages: list[Message]) -> Iterator[Outgoing]:
        """Yield what becomes of records."""
        times = [_time_ms(message) for message in items_of(messages, rows.rows)]
        yield from self._transactions(with_missing(rows.records), times)
        for row in rows.rejected.to_pylist():
            letter = self._dead_letter(messages[row["row"]], Reason(row["reason"]), row["detail"])
            yield Outgoing(self._topics.dead_letters, letter)

    def _transactions(self, records: pa.Table, times: list[int]) -> Iterator[Outgoing]:
        topics = self._topics
        encoded = encode_transactions(
            records, self._registry, value_subject(topics.transactions), declaration=self._declaration
        )
        for record, time_ms in zip(encoded, times, strict=True):
            yield Outgoing(topics.transactions, record, time_ms)
        if self._mapping.is_labelled:
            labels = records.filter(records["label_time"].is_valid())
            for label in encode_labels(labels, self._registry, value_subject(topics.labels)):
                yield Outgoing(topics.labels, label)

    def _dead_letter(self, message: Message, reason: Reason, detail: str) -> tuple[bytes | None, bytes]:
        """Return a letter; of a record with secrets it has the position alone."""
        key, payload = message.key(), message.value() or b""
        secret = any(self._mapping.hashed)
        text_key = None if key is None else bytes(key).decode("utf-8", "replace")
        has_secrets = secret or has_card_number(payload.decode("utf-8", "replace"))
        hidden_key = text_key is not None and (secret or has_card_number(text_key))
        letter = dead_letter(
            reason,
            detail,
            (self._topic, *position_of(message)),
            None if hidden_key else text_key,
            payload,
            kept_bytes=0 if has_secrets else self._kept_bytes,
            now_ms=now_ms(),
        )
        letter_key = letter["key"]
        return None if letter_key is None else letter_key.encode(), self._dead_letters.encode(letter)

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
        key, value = item.record
        while True:
            try:
                return self._producer.produce(item.topic, value, key, timestamp=item.time_ms)
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


def with_missing(records: pa.Table) -> pa.Table:
    """Return records with the columns of transactions that they lack, as nulls."""
    for field in TRANSACTION_ARROW:
        if field.name not in records.column_names:
            records = records.append_column(field, pa.nulls(len(records), field.type))
    return records


def _time_ms(message: Message) -> int:
    kind, time_ms = message.timestamp()
    return 0 if kind == TIMESTAMP_NOT_AVAILABLE else int(time_ms)


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
