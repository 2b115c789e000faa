"""The scoring job between separate topics, with the operations that tests need."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import psutil
import pyarrow as pa
from confluent_kafka import OFFSET_END, Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from benchmarks.chaos.faults import kill_process
from benchmarks.chaos.plan import Target
from fraudstream.control.submit import stop_job, submit
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.devstack.stack import Services
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import read_topic, topic_size
from fraudstream.kafka.topics import create_topics
from fraudstream.settings.job_settings import JobSettings
from fraudstream.settings.settings import Settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.run_state import RunState
from jobs.shards import SHARD_KEYS
from producers.publisher import SETTINGS, Publisher
from producers.replay import replay, replay_labels
from producers.replay_with_labels import replay_with_labels
from schemas.avro_schemas import ALERT, DEAD_LETTER, DRIFT, MODEL_EVENT, SCORE, SHADOW
from schemas.codec import RecordCodec
from schemas.open_registry import open_registry
from schemas.registry import SchemaRegistry, value_subject
from schemas.registry_access import RegistryAccess
from schemas.topics import TOPIC_TABLE, Topics
from tests.patience import PATIENCE_S

TRICKLE_ROWS, TRICKLE_S = 100, 0.3


@dataclass(frozen=True, kw_only=True)
class Running:
    """The broker and the cluster shared by the tests."""

    services: Services
    numbers: Iterator[int]

    @property
    def settings(self) -> Settings:
        return self.services.settings

    def lane(
        self,
        *,
        prefix: str | None = None,
        partitions: int = 4,
        registry_url: str | None = None,
        model: Path | None = None,
        **job: Any,
    ) -> "Lane":
        """Create topics for one test, of names of their own or as given, and say how its job is to run."""
        prefix = prefix or f"lane{next(self.numbers)}"
        names = {field: f"{prefix}.{field}" for field in TOPIC_TABLE} | {"dead_letters": f"{prefix}.dlq"}
        kafka = {"partitions": partitions, "schema_registry_url": registry_url}
        services = self.services.with_settings(
            topics=Topics(**names),
            kafka=self.settings.kafka.model_copy(update=kafka),
            job=JobSettings(**{"checkpoint_interval_s": 1.0, **job}),
            model=self.settings.model.model_copy(update={"artifact": model} if model else {}),
        )
        create_topics(services.broker)
        return Lane(services=services)


@dataclass(kw_only=True)
class Lane:
    """One job and its topics."""

    services: Services
    job_ids: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """Settings of the next submitted job."""
        return self.services.settings

    @property
    def broker(self) -> Broker:
        """Connection to the broker, with the names of this lane's topics."""
        return self.services.broker

    @property
    def topics(self) -> Topics:
        return self.settings.topics

    @property
    def shards(self) -> set[int]:
        """Keys of the shards."""
        return set(SHARD_KEYS[self.settings.job.shards])

    @property
    def registry(self) -> SchemaRegistry:
        url = self.settings.kafka.schema_registry_url
        return open_registry(RegistryAccess(url=url) if url else None)

    @property
    def rest(self) -> FlinkRest:
        return self.services.rest

    def submit(
        self, *, savepoint: str | None = None, drop_state: bool = False, reset_topics: Sequence[str] = ()
    ) -> None:
        done = submit(self.services, savepoint=savepoint, drop_state=drop_state, reset_topics=reset_topics)
        self.job_ids.append(done.job_id)

    def change(self, **job: Any) -> None:
        """Change settings of the next submitted job."""
        self.services = self.services.with_settings(job=self.settings.job.model_copy(update=job))

    def stop_with_savepoint(self) -> str:
        savepoint = stop_job(self.services, self.job_ids[-1], savepoint=True)
        assert savepoint is not None
        self._await_slot()
        return savepoint

    def cancel(self) -> None:
        """Cancel all jobs, ended ones included, and wait until their slots are free."""
        for job_id in self.job_ids:
            self.rest.cancel(job_id)
        self._await_slot()

    def kill_taskmanagers(self) -> None:
        for process in RunState.load(self.settings.state).running(Target.TASKMANAGER):
            kill_process(psutil.Process(process.pid), Target.TASKMANAGER)

    def cancel_after_checkpoint(self) -> str:
        """Wait for a complete checkpoint, cancel the job, and return the newest retained checkpoint."""
        folder = self.settings.state.checkpoints / self.job_ids[-1]
        before = set(folder.glob("chk-*/_metadata"))
        assert wait_until(lambda: bool(set(folder.glob("chk-*/_metadata")) - before), seconds=PATIENCE_S)
        self.cancel()
        return str(max(folder.glob("chk-*/_metadata"), key=lambda file: int(file.parent.name[4:])).parent)

    def send(self, table: pa.Table, *, rate: float | None = None) -> None:
        with Publisher(self.broker.bootstrap_servers) as publisher:
            replay(table, publisher, self.topics.transactions, self.registry, rate=rate)

    def send_labels(self, table: pa.Table) -> None:
        with Publisher(self.broker.bootstrap_servers) as publisher:
            replay_labels(table, publisher, self.topics.labels, self.registry)
            publisher.flush()

    def send_with_labels(self, table: pa.Table, *, rate: float | None = None) -> None:
        topics = self.topics
        with Publisher(self.broker.bootstrap_servers) as publisher:
            replay_with_labels(table, publisher, topics.transactions, topics.labels, self.registry, rate=rate)

    @contextmanager
    def sending(self, table: pa.Table, *, rate: float) -> Iterator[Future[None]]:
        """Send in the background of a block; its end waits until all is sent."""
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(self.send, table, rate=rate)
            yield sent
            sent.result()

    @contextmanager
    def trickling(self, table: pa.Table, *, labels: bool = False) -> Iterator[None]:
        """Send a few rows at a time during a block on any machine, and the rest at its end; also their labels."""
        done = Event()

        def send(rows: pa.Table) -> None:
            if labels:
                self.send_labels(rows)
            self.send(rows)

        def trickle() -> None:
            for start in range(0, len(table), TRICKLE_ROWS):
                if done.wait(TRICKLE_S):
                    send(table.slice(start))
                    return
                send(table.slice(start, TRICKLE_ROWS))

        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(trickle)
            try:
                yield
            finally:
                done.set()
            sent.result()

    def send_raw(
        self,
        records: Sequence[tuple[bytes | None, bytes | None]],
        topic: str | None = None,
        *,
        time_ms: int = 0,
    ) -> list[tuple[int, int]]:
        """Send raw records, as transactions by default; returns the partition and the offset of each.

        Kafka's timestamp is the current time if `time_ms` is 0.
        """
        producer = Producer(
            {
                **SETTINGS,
                "bootstrap.servers": self.broker.bootstrap_servers,
                "delivery.report.only.error": False,
            }
        )
        positions: list[tuple[int, int]] = [(-1, -1)] * len(records)

        def note(number: int, error: Any, message: Message) -> None:
            assert error is None, error
            positions[number] = (message.partition(), message.offset())

        for number, (key, value) in enumerate(records):
            producer.produce(
                topic or self.topics.transactions,
                key=key,
                value=value,
                timestamp=time_ms,
                on_delivery=lambda error, message, number=number: note(number, error, message),
            )
        assert producer.flush(30) == 0
        return positions

    def delete_records(self, topic: str) -> None:
        """Remove all current records of a topic, as its retention would."""
        client = AdminClient({"bootstrap.servers": self.broker.bootstrap_servers})
        partitions = self.settings.kafka.partitions
        ends = [TopicPartition(topic, number, OFFSET_END) for number in range(partitions)]
        for future in client.delete_records(ends).values():
            future.result()

    def size(self, topic: str) -> int:
        return topic_size(self.broker, topic)

    def await_records(self, topic: str, count: int) -> None:
        """Wait until the topic has that many records, repeats included."""
        done = wait_until(lambda: self.size(topic) >= count, seconds=PATIENCE_S)
        assert done, f"{self.size(topic):,} of {count:,} in {topic}; {self._trouble()}"

    def await_scores(self, transactions: int) -> None:
        """Wait until that many transactions have a committed score; the deadline starts again while more come."""
        codec = self._codec(SCORE, self.topics.scores)
        consumer = Consumer(
            {
                "bootstrap.servers": self.broker.bootstrap_servers,
                "group.id": f"{self.topics.scores}-await",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
            }
        )
        consumer.subscribe([self.topics.scores])
        scored: set[str] = set()

        def more_come() -> bool:
            before = len(scored)
            messages = [message for message in consumer.consume(5_000, 0.2) if message.error() is None]
            scored.update(codec.decode(message.value() or b"")["transaction_id"] for message in messages)
            return len(scored) > before

        try:
            while len(scored) < transactions and wait_until(more_come, seconds=PATIENCE_S, interval_s=0):
                pass
        finally:
            consumer.close()
        assert len(scored) >= transactions, f"{len(scored):,} of {transactions:,} scored; {self._trouble()}"

    def scores(self) -> list[dict[str, Any]]:
        return self._read(SCORE, self.topics.scores)

    def alerts(self) -> list[dict[str, Any]]:
        return self._read(ALERT, self.topics.alerts)

    def drifts(self) -> list[dict[str, Any]]:
        return self._read(DRIFT, self.topics.drift)

    def dead_letters(self) -> list[dict[str, Any]]:
        return self._read(DEAD_LETTER, self.topics.dead_letters)

    def model_events(self) -> list[dict[str, Any]]:
        return self._read(MODEL_EVENT, self.topics.model_events)

    def shadows(self) -> list[dict[str, Any]]:
        return self._read(SHADOW, self.topics.shadow)

    def records(self, name: str, topic: str) -> Iterator[dict[str, Any]]:
        """Decode all records of a topic."""
        codec = self._codec(name, topic)
        for message in read_topic(self.broker, topic):
            yield codec.decode(message.value() or b"")

    def _read(self, name: str, topic: str) -> list[dict[str, Any]]:
        """Decode all records of a topic, partition by partition, each with its key."""
        codec = self._codec(name, topic)
        messages = list(read_topic(self.broker, topic))
        messages.sort(key=lambda message: (message.partition(), message.offset()))
        return [
            {**codec.decode(message.value() or b""), "record_key": message.key() and message.key().decode()}
            for message in messages
        ]

    def _codec(self, name: str, topic: str) -> RecordCodec:
        return RecordCodec(name, value_subject(topic), self.registry)

    def _await_slot(self) -> None:
        def free() -> bool:
            overview = self.rest.overview()
            return bool(overview["slots-available"] == overview["slots-total"] > 0)

        assert wait_until(free, seconds=PATIENCE_S), self.rest.overview()

    def _trouble(self) -> str:
        job_id = self.job_ids[-1]
        cause = self.rest.root_cause(job_id) or "no failure reported"
        return f"job {self.rest.job(job_id)['state']}: {cause}; logs in {self.settings.state.logs}"
