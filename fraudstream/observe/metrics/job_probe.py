"""Readings of the job from Flink and the broker."""

from dataclasses import dataclass

from fraudstream.control.topic_watch import input_topics_now
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.kafka.topic_ids import TopicIds
from fraudstream.observe.metrics.consumer_lag import ConsumerLag


@dataclass(frozen=True, kw_only=True)
class JobProbe:
    """Clients of the cluster and the broker, for the state of the job in both.

    Parameters
    ----------
    rest
        REST client of the cluster.
    lag
        Lag of the consumer groups.
    ids
        Reader of the topics' ids; without it, recreated topics go unnoticed.
    """

    rest: FlinkRest
    lag: ConsumerLag
    ids: TopicIds | None = None

    def lag_of(self, name: str) -> dict[str, int] | None:
        """Return the unread records of a job by topic; None if the broker does not answer."""
        return self.lag.records(f"fraudstream-{name}")

    def input_topics(self, job_id: str) -> dict[str, str]:
        """Map the input topics of a job to a message, empty where the topic was not recreated."""
        return {} if self.ids is None else input_topics_now(self.rest, job_id, self.ids)
