"""Alert rate by the offsets of the topics."""

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import topic_size
from models.drift.alert_rate import AlertRate, Jump


class AlertShare:
    """Monitor of the alert rate, by the offsets of both topics.

    Nothing is decoded, so it costs the same at any load.
    """

    def __init__(self, broker: Broker) -> None:
        topics = broker.topics
        # Scores keep pace with the alerts, even with a backlog of transactions.
        self._topics = topics.scores if broker.settings.job.emit_scores else topics.transactions, topics.alerts
        self._broker = broker
        self._rate = AlertRate(broker.settings.notices.alert_rate_factor)
        self._sizes: tuple[int, int] | None = None

    def poll(self) -> Jump | None:
        """End a window, which the last poll began; return a jump of the alert rate."""
        transactions, alerts = (topic_size(self._broker, name) for name in self._topics)
        return self.update(transactions, alerts)

    def update(self, transactions: int, alerts: int) -> Jump | None:
        """End a window by the sizes of the two topics; one in which a topic shrank, or is another one, is ignored."""
        before, self._sizes = self._sizes, (transactions, alerts)
        if before is None or transactions < before[0] or alerts < before[1]:
            return None
        return self._rate.update(transactions - before[0], alerts - before[1])
