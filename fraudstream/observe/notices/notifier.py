"""Notifier of drift, refusals and alert rate spikes."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from confluent_kafka import KafkaException, Message, TopicPartition

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.group_reader import GroupReader
from fraudstream.kafka.new_partitions import NewPartitions
from fraudstream.kafka.topic_ids import RecreatedTopics, warn_reread
from fraudstream.kafka.topic_reader import partition_ranges
from fraudstream.observe.notices.notice import Kind, Notice
from fraudstream.observe.notices.notices import MAX_BACKOFF_S, Notices, Undeliverable
from fraudstream.readers.alert_share import AlertShare
from models.drift.alert_rate import Jump

LOG = logging.getLogger("fraudstream.notices")

GROUP_ID = "fraudstream-notify"
REMEMBERED = 1_000
"""Number of remembered notices: after a failure the job repeats events since its last checkpoint."""


class Notifier:
    """Notifier of drift, refused deployments and rules, and alert rate spikes.

    A record is committed after its notice was delivered, so a restart loses none. Deliveries to an unavailable receiver
    are repeated; notices that it rejects are in the log only.

    Parameters
    ----------
    pause_s
        Seconds between two rounds of attempts.
    from_start
        Whether the first run starts with the oldest records of the topics.
    """

    def __init__(
        self, broker: Broker, notices: Notices, *, pause_s: float = MAX_BACKOFF_S, from_start: bool = False
    ) -> None:
        self._broker, self._notices = broker, notices
        self._pause_s = pause_s
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._codecs = broker.codecs(broker.topics.drift, broker.topics.model_events)
        self._notice_of: dict[str, Callable[[dict[str, Any]], Notice | None]] = {
            broker.topics.drift: drift_notice,
            broker.topics.model_events: model_notice,
        }
        self._alerts = AlertShare(broker)
        self._next_check_s = 0.0
        self._reader = GroupReader(broker, GROUP_ID)
        self._consumer = self._reader.consumer
        self._from_start = from_start

    def run(self) -> None:
        """Run until `stop` or an interrupt."""
        with closing(self._reader):
            recreated = RecreatedTopics.among(self._broker, list(self._notice_of))
            self._consumer.assign(self._start_offsets())
            added = NewPartitions(self._consumer, self._notice_of, recreated)
            for messages in self._reader.rounds(added.add):
                # An undelivered notice is not committed: the next run starts with it.
                if not all(map(self._process, messages)):
                    return
                self._check_alert_rate()

    def stop(self) -> None:
        """Stop `run`."""
        self._reader.stop()

    def _start_offsets(self) -> list[TopicPartition]:
        """Return the committed offset of each partition; without a commit its end or start."""
        found = []
        for topic in self._notice_of:
            ranges = {part: (low, high) for part, low, high in partition_ranges(self._consumer, topic)}
            for position in self._consumer.committed([TopicPartition(topic, part) for part in ranges], timeout=20):
                low, high = ranges[position.partition]
                known = position.offset >= 0
                if position.offset > high:  # brokers may keep commits of a former topic
                    warn_reread([topic])
                    position.offset = low
                offset = max(position.offset, low) if known else low if self._from_start else high
                found.append(TopicPartition(topic, position.partition, offset))
        # Commit even without records, so that events during a downtime are delivered later.
        self._consumer.commit(offsets=found, asynchronous=False)
        return found

    def _process(self, message: Message) -> bool:
        """Deliver the notice of a record and commit it; False if stopped before."""
        notice = self._codecs.parse(message, self._notice_of[message.topic() or ""])
        if notice is not None and not self._deliver(notice):
            return False
        with _survive_broker_errors("committing offsets"):
            self._consumer.commit(message=message, asynchronous=False)
        return True

    def _deliver(self, notice: Notice) -> bool:
        """Deliver a notice until it is accepted or finally rejected; False if stopped before."""
        while notice.id not in self._seen:
            if self._reader.stopping.is_set():
                return False
            try:
                self._notices.send(notice)
            except Undeliverable as error:
                LOG.warning("the webhook rejected %s: %s", notice.type, error)
                if error.passing:
                    self._reader.stopping.wait(self._pause_s)
                    continue
            self._seen[notice.id] = None
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        return True

    def _check_alert_rate(self) -> None:
        now = time.monotonic()
        if now < self._next_check_s:
            return
        self._next_check_s = now + self._broker.settings.notices.window_s
        with _survive_broker_errors("counting alerts"):
            jump = self._alerts.poll()
            if jump:
                self._deliver(jump_notice(jump))


@contextmanager
def _survive_broker_errors(what: str) -> Iterator[None]:
    """Log errors of the broker instead of failing; the next check repeats the call."""
    try:
        yield
    except KafkaException as error:
        LOG.warning("%s: %s", what, error.args[0].str())


def drift_notice(record: dict[str, Any]) -> Notice:
    """Return the notice of a drift event."""
    return Notice(
        type="drift.detected",
        text=(
            f"{record['detector']} saw {record['signal']} drift at {record['event_time']:%Y-%m-%d %H:%M} UTC: "
            f"{record['observed']:.4g}, where {record['estimate']:.4g} is its mean now"
        ),
        data=record,
        timestamp=record["detected_at"],
        id=f"msg_{record['drift_id']}",
    )


_REFUSALS: dict[str, tuple[Kind, str]] = {
    "REFUSED": ("model.refused", "deployment"),
    "RULES_REFUSED": ("rules.refused", "rules"),
}


def model_notice(record: dict[str, Any]) -> Notice | None:
    """Return the notice of a refusal; accepted deployments and rules were reported by their commands."""
    if record["kind"] not in _REFUSALS:
        return None
    kind, what = _REFUSALS[record["kind"]]
    return Notice(
        type=kind,
        text=f"The job refuses the {what} {record['deployment_id']} and keeps the previous ones: {record['detail']}",
        data=record,
        timestamp=record["at"],
        # Every shard reports it.
        id=f"msg_refused_{record['deployment_id']}",
    )


def jump_notice(jump: Jump) -> Notice:
    """Return the notice of an alert rate spike."""
    return Notice(
        type="alerts.jumped",
        text=f"{jump.share:.2%} of {jump.transactions:,} transactions are alerted, usually {jump.usual:.2%}",
        data={"share": jump.share, "usual": jump.usual, "transactions": jump.transactions},
    )
