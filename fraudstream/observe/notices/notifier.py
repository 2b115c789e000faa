"""Notifier of drift, refusals and alert rate spikes."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import KafkaException, Message, TopicPartition

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.new_partitions import NewPartitions
from fraudstream.kafka.topic_ids import RecreatedTopics, warn_read_anew
from fraudstream.kafka.topic_reader import partition_ranges
from fraudstream.observe.notices.notice import Kind, Notice
from fraudstream.observe.notices.notices import LONGEST_WAIT_S, Notices, Undeliverable
from fraudstream.readers.alert_share import AlertShare
from models.drift.alert_rate import Jump

LOG = logging.getLogger("fraudstream.notices")

GROUP_ID = "fraudstream-notify"
REMEMBERED = 1_000
"""Notices whose repeats are known: after a failure the job says what it had said since its last checkpoint."""


class Notifier:
    """Tells of drift, of deployments that the job refuses, and of jumps of the alert rate, as they come.

    A record counts as read when its notice was delivered: whatever stops this, the next one goes on from there. A
    receiver that is down is waited for; what it refuses is left to the log.

    Parameters
    ----------
    broker
        Connection to the brokers.
    notices
        Whom to tell.
    pause_s
        Seconds between two rounds of attempts.
    from_start
        Whether the first one ever begins with what the topics hold already.
    """

    def __init__(
        self,
        broker: Broker,
        notices: Notices,
        *,
        pause_s: float = LONGEST_WAIT_S,
        from_start: bool = False,
    ) -> None:
        self._broker, self._notices = broker, notices
        self._pause_s = pause_s
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._codecs = broker.codecs(broker.topics.drift, broker.topics.model_events)
        self._word: dict[str, Callable[[dict[str, Any]], Notice | None]] = {
            broker.topics.drift: drift_notice,
            broker.topics.model_events: model_notice,
        }
        self._alerts = AlertShare(broker)
        self._next_look = 0.0
        self._stopping = threading.Event()
        self._consumer = broker.group_consumer(GROUP_ID)
        self._from_start = from_start

    def run(self) -> None:
        """Go on until `stop`, or until the caller is interrupted."""
        try:
            recreated = RecreatedTopics.among(self._broker, list(self._word))
            self._consumer.assign(self._places())
            added = NewPartitions(self._consumer, self._word, recreated)
            while not self._stopping.is_set():
                added.add()
                for message in self._consumer.consume(100, 0.5):
                    # What was not told is not passed over: the next one begins with it.
                    if message.error() is None and not self._take(message):
                        return
                self._look_at_alerts()
        finally:
            self._consumer.close()

    def stop(self) -> None:
        """End `run` soon."""
        self._stopping.set()

    def _places(self) -> list[TopicPartition]:
        """Return where the group is in each partition; where it never was, at the end or the start."""
        found = []
        for topic in self._word:
            ranges = {part: (low, high) for part, low, high in partition_ranges(self._consumer, topic)}
            for place in self._consumer.committed([TopicPartition(topic, part) for part in ranges], timeout=20):
                low, high = ranges[place.partition]
                known = place.offset >= 0
                if place.offset > high:  # brokers may keep what a group committed of a topic that is gone
                    warn_read_anew([topic])
                    place.offset = low
                offset = max(place.offset, low) if known else low if self._from_start else high
                found.append(TopicPartition(topic, place.partition, offset))
        # Also where nothing was read: what comes while this is stopped is told later.
        self._consumer.commit(offsets=found, asynchronous=False)
        return found

    def _take(self, message: Message) -> bool:
        """Tell of a record, and note that it is read; False when it was stopped before."""
        notice = self._codecs.parse(message, self._word[message.topic() or ""])
        if notice is not None and not self._deliver(notice):
            return False
        with _outlasting("noting how far this is"):
            self._consumer.commit(message=message, asynchronous=False)
        return True

    def _deliver(self, notice: Notice) -> bool:
        """Tell of it until it is taken, or refused for good; False when it was stopped before."""
        while notice.id not in self._seen:
            if self._stopping.is_set():
                return False
            try:
                self._notices.send(notice)
            except Undeliverable as error:
                LOG.warning("the webhook did not take %s: %s", notice.type, error)
                if error.passing:
                    self._stopping.wait(self._pause_s)
                    continue
            self._seen[notice.id] = None
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
        return True

    def _look_at_alerts(self) -> None:
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + self._broker.settings.notices.window_s
        with _outlasting("counting alerts"):
            jump = self._alerts.look()
            if jump:
                self._deliver(jump_notice(jump))


@contextmanager
def _outlasting(what: str) -> Iterator[None]:
    """Go on without an answer of the broker: it comes back, and so does the next look."""
    try:
        yield
    except KafkaException as error:
        LOG.warning("%s: %s", what, error.args[0].str())


def drift_notice(record: dict[str, Any]) -> Notice:
    """Word a record of the drift topic."""
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
    """Word a refusal; of models that serve the promotion has told, and who applied rules has waited for the answer."""
    if record["kind"] not in _REFUSALS:
        return None
    kind, what = _REFUSALS[record["kind"]]
    return Notice(
        type=kind,
        text=f"The job refuses the {what} {record['deployment_id']} and goes on as before: {record['detail']}",
        data=record,
        timestamp=record["at"],
        # Every shard says so.
        id=f"msg_refused_{record['deployment_id']}",
    )


def jump_notice(jump: Jump) -> Notice:
    """Word a jump of the alert rate."""
    return Notice(
        type="alerts.jumped",
        text=f"{jump.share:.2%} of {jump.transactions:,} transactions are alerted, where {jump.usual:.2%} are usual",
        data={"share": jump.share, "usual": jump.usual, "transactions": jump.transactions},
    )
