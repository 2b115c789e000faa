from dataclasses import dataclass, fields


@dataclass(frozen=True, kw_only=True)
class Topics:
    """Names of the topics, each carrying one kind of record."""

    transactions: str = "fraud.transactions.v1"
    alerts: str = "fraud.alerts.v1"
    scores: str = "fraud.scores.v1"
    labels: str = "fraud.labels.v1"
    drift: str = "fraud.drift.v1"
    dead_letters: str = "fraud.dlq.v1"
    inference: str = "fraud.inference.v1"
    control: str = "fraud.control.v1"
    model_events: str = "fraud.model-events.v1"
    shadow: str = "fraud.shadow.v1"
    queries: str = "fraud.queries.v1"
    features: str = "fraud.features.v1"

    def names(self) -> tuple[str, ...]:
        """Return all names, in the order of the fields."""
        return tuple(getattr(self, field.name) for field in fields(self))
