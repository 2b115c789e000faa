"""Retention of the topics, compared with what monitoring, retraining and restarts need."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from confluent_kafka import KafkaException
from confluent_kafka.admin import ConfigResource

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topics import CLEANUP, RETENTION_MS
from fraudstream.settings.settings import Settings
from schemas.durations import DAY_MS

TIMEOUT_S = 20.0
RETENTION_BYTES = "retention.bytes"


@dataclass(frozen=True, kw_only=True)
class Need:
    """Retention that a topic is to have.

    Parameters
    ----------
    days
        Records are needed for so long; 0 where compaction is needed instead.
    reader
        The command or the job that needs them.
    """

    topic: str
    days: float
    reader: str

    def complaint(self, config: dict[str, str]) -> str:
        """Return a line on what the topic keeps less than this, and how to change it; empty where it keeps enough.

        Parameters
        ----------
        config
            Settings of the topic, by name.
        """
        policy = {part.strip() for part in config.get(CLEANUP, "delete").split(",")}
        if not self.days:
            compacts = policy == {"compact"}
            got = ",".join(sorted(policy))
            return "" if compacts else self._worded(f"{CLEANUP} compact", got, f"{CLEANUP}=compact")
        if "compact" in policy:
            return self._worded(f"{CLEANUP} delete", config[CLEANUP], f"{CLEANUP}=delete")
        kept_ms, kept_bytes = int(config.get(RETENTION_MS, -1)), int(config.get(RETENTION_BYTES, -1))
        if 0 <= kept_ms < self.days * DAY_MS:
            wanted = f"{RETENTION_MS}={round(self.days * DAY_MS)}"
            return self._worded(f"at least {self.days:g} days", f"{kept_ms / DAY_MS:.3g}", wanted)
        if kept_bytes >= 0:
            got = f"{kept_bytes:,} bytes a partition"
            return self._worded(f"at least {self.days:g} days of any size", got, f"{RETENTION_BYTES}=-1")
        return ""

    def _worded(self, expected: str, got: str, change: str) -> str:
        return (
            f"{self.reader}: expected {expected} in {self.topic}, got {got}. `kafka-configs.sh --alter --entity-type "
            f"topics --entity-name {self.topic} --add-config {change}`"
        )


def retention_needs(settings: Settings) -> list[Need]:
    """List the topics whose records are needed for some time, and those that must be compacted."""
    compacted = [name for name, row in settings.topics.rows() if row.cleanup == "compact"]
    needs = [Need(topic=name, days=0, reader="the job") for name in compacted]
    return [*needs, *monitor_needs(settings, settings.retrain.horizon_days), *retrain_needs(settings)]


def retrain_needs(settings: Settings) -> list[Need]:
    """List the topics that retraining reads; transactions only where `retrain.history` has none."""
    plan, topics = settings.retrain, settings.topics
    in_file = {topics.transactions} if plan.history else set()
    needs = _history_needs(settings, "retrain", plan.window_days + plan.horizon_days)
    return [need for need in needs if need.topic not in in_file]


def monitor_needs(settings: Settings, horizon_days: float) -> list[Need]:
    """List the topics that monitoring reads: scores must be there when their labels are final."""
    return _history_needs(settings, "monitor", horizon_days)


def _history_needs(settings: Settings, reader: str, days: float) -> list[Need]:
    names = [name for name, row in settings.topics.rows() if reader in row.history_of]
    return [Need(topic=name, days=days, reader=reader) for name in names]


def retention_complaints(broker: Broker, needs: Iterable[Need]) -> dict[str, str]:
    """Compare topics with what is needed of them; returns the lines by topic, empty where all is well.

    Topics that are missing, or whose settings the broker does not show us, are not among them.
    """
    wanted = list(needs)
    client = broker.admin()
    resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in {need.topic for need in wanted}]
    configs: dict[str, dict[str, str]] = {}
    for resource, future in client.describe_configs(resources, request_timeout=TIMEOUT_S).items():
        try:
            configs[resource.name] = {name: str(entry.value) for name, entry in future.result().items()}
        except KafkaException:
            continue  # missing topics and rights are reported elsewhere
    found: dict[str, str] = {}
    for need in wanted:
        if need.topic in configs:
            lines = (found.get(need.topic, ""), need.complaint(configs[need.topic]))
            found[need.topic] = "; ".join(line for line in lines if line)
    return found


def report_retention(broker: Broker, needs: Iterable[Need], report: Callable[[str], object]) -> None:
    """Report the topics that keep less than needed, a line each."""
    for line in retention_complaints(broker, needs).values():
        if line:
            report(line)
