from schemas.avro_schemas import (
    ALERT,
    DEAD_LETTER,
    DRIFT,
    FEATURE_ANSWER,
    FEATURE_QUERY,
    INFERENCE,
    LABEL,
    SCORE,
    TRANSACTION,
)
from schemas.topics import Topics


def topic_kinds(topics: Topics) -> dict[str, str]:
    """Map each topic to the kind of record that it carries."""
    return {
        topics.transactions: TRANSACTION,
        topics.alerts: ALERT,
        topics.scores: SCORE,
        topics.labels: LABEL,
        topics.drift: DRIFT,
        topics.dead_letters: DEAD_LETTER,
        topics.inference: INFERENCE,
        topics.queries: FEATURE_QUERY,
        topics.features: FEATURE_ANSWER,
    }
