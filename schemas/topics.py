from dataclasses import dataclass, fields


@dataclass(frozen=True, kw_only=True)
class Topics:
    """Names of the topics, each carrying one kind of record, but for the control topic, which has two."""

    __pydantic_config__ = {"use_attribute_docstrings": True}  # noqa: RUF012 (read by pydantic, as the settings are)

    transactions: str = "fraud.transactions.v1"
    """card transactions, keyed by customer"""
    alerts: str = "fraud.alerts.v1"
    """transactions to review or to block, with reasons"""
    scores: str = "fraud.scores.v1"
    """the decision on every transaction"""
    labels: str = "fraud.labels.v1"
    """what became of transactions: fraud or genuine, and when it was known"""
    drift: str = "fraud.drift.v1"
    """signals that have shifted"""
    dead_letters: str = "fraud.dlq.v1"
    """records that could not be scored or learned"""
    inference: str = "fraud.inference.v1"
    """a share of the transactions with their features"""
    control: str = "fraud.control.v1"
    """deployments, rule books and list entries; compacted, one partition"""
    model_events: str = "fraud.model-events.v1"
    """what each shard did with an order"""
    shadow: str = "fraud.shadow.v1"
    """champion and challengers compared"""
    queries: str = "fraud.queries.v1"
    """questions for the features of a customer"""
    features: str = "fraud.features.v1"
    """their answers"""

    def names(self) -> tuple[str, ...]:
        """Return all names, in the order of the fields."""
        return tuple(getattr(self, field.name) for field in fields(self))
