"""Trigger of retrainings."""

import logging
import time
from collections.abc import Callable
from contextlib import closing

from confluent_kafka import KafkaException, Message

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.group_reader import GroupReader
from fraudstream.kafka.topic_ids import RecreatedTopics, warn_reread
from fraudstream.lifecycle.error_drift import error_drift
from fraudstream.lifecycle.retrain_schedule import RetrainSchedule
from fraudstream.lifecycle.retraining import Retrained
from fraudstream.readers.label_watch import LabelWatch
from fraudstream.system.failures import RuntimeFailure
from models.monitoring.label_monitor import LabelMonitor
from schemas.durations import DAY_MS
from schemas.errors import UserError

LOG = logging.getLogger("fraudstream.retrain")

GROUP_ID = "fraudstream-retrain"
CHECK_S = 5.0
"""Seconds between two checks for a recreated topic."""


class RetrainTrigger:
    """Trigger of retrainings, after a drift or on schedule, one at a time.

    The trigger reads the drift topic, and monitors the error on mature labels itself; its own drift events go to the
    same topic. A failed retraining is reported, and repeated after the cool-down.

    Parameters
    ----------
    retrain
        Called with the reason of a retraining.
    share
        Fraction of customers sampled for error drift.
    on_drift
        Called with each drift event that leads to a retraining.
    on_failure
        Called with the message of a failed retraining.
    """

    def __init__(
        self,
        broker: Broker,
        schedule: RetrainSchedule,
        retrain: Callable[[str], Retrained],
        *,
        share: float = 1.0,
        on_drift: Callable[[dict[str, object]], None] = lambda _record: None,
        on_failure: Callable[[str], None] = LOG.warning,
    ) -> None:
        self._broker = broker
        self._schedule, self._retrain, self._share = schedule, retrain, share
        self._on_drift, self._on_failure = on_drift, on_failure
        topic = broker.topics.drift
        self._codecs = broker.codecs(topic)
        self._checked_s = time.monotonic()
        self._reader = GroupReader(broker, GROUP_ID)
        self._consumer = self._reader.consumer

    def run(self) -> None:
        """Run until `stop` or an interrupt."""
        horizon_ms = round(self._broker.settings.retrain.horizon_days * DAY_MS)
        with closing(self._reader), error_drift(self._broker) as on_matured:
            self._recreated = RecreatedTopics.among(self._broker, [self._broker.topics.drift])
            self._consumer.subscribe([self._broker.topics.drift])
            labels = LabelMonitor(horizon_ms=horizon_ms, on_matured=on_matured)
            with LabelWatch(self._broker, labels, share=self._share) as watch:
                for messages in self._reader.rounds(self._subscribe_recreated):
                    for message in messages:
                        self._ingest(message)
                    reason = self._schedule.due(time.time(), labels.matured_until_ms)
                    if reason is not None:
                        self._run_retraining(reason)
                    if not watch.running:
                        raise RuntimeFailure("expected to read scores and labels, got a failure. See the log above")

    def stop(self) -> None:
        """Stop `run`; a retraining in progress is completed."""
        self._reader.stop()

    def _subscribe_recreated(self) -> None:
        """Read a recreated drift topic from its first record, since the group has no commits for it."""
        if time.monotonic() < self._checked_s + CHECK_S:
            return
        self._checked_s = time.monotonic()
        recreated = self._recreated.poll()
        if recreated:
            warn_reread(recreated)
            self._consumer.unsubscribe()
            self._consumer.subscribe(recreated)

    def _ingest(self, message: Message) -> None:
        """Record a drift event, and commit it."""
        record = self._codecs.decode(message)
        if record is not None and self._schedule.drifted(record["signal"], record["detector"], record["event_time"]):
            self._on_drift(record)
        self._consumer.commit(message=message, asynchronous=False)

    def _run_retraining(self, reason: str) -> None:
        self._schedule.begun(time.time())
        try:
            found = self._retrain(reason)
        except (UserError, RuntimeFailure, KafkaException) as error:
            self._on_failure(f"A retraining ({reason}) failed: {error}")
            return
        self._schedule.learned(found.until)
