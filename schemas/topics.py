from dataclasses import dataclass, fields

from schemas.avro_schemas import ALERT, DEAD_LETTER, DRIFT, INFERENCE, LABEL, SCORE, TRANSACTION


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

    def kinds(self) -> dict[str, str]:
        """Map each topic to the kind of record that it carries."""
        return {
            self.transactions: TRANSACTION,
            self.alerts: ALERT,
            self.scores: SCORE,
            self.labels: LABEL,
            self.drift: DRIFT,
            self.dead_letters: DEAD_LETTER,
            self.inference: INFERENCE,
        }

    def names(self) -> tuple[str, ...]:
        """Return all names, in the order of the fields."""
        return tuple(getattr(self, field.name) for field in fields(self))
