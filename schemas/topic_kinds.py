from schemas.avro_schemas import (
    ALERT,
    CONTROL,
    DEAD_LETTER,
    DRIFT,
    FEATURE_ANSWER,
    FEATURE_QUERY,
    INFERENCE,
    LABEL,
    LIST_ENTRY,
    MODEL_EVENT,
    RULES,
    SCORE,
    SHADOW,
    SNOOZE,
    TRANSACTION,
)
from schemas.registry import lists_subject, rules_subject, snoozes_subject, value_subject
from schemas.topics import Topics


def topic_kinds(topics: Topics) -> dict[str, str]:
    """Map each topic to the kind of record that it carries; the control topic carries three kinds more."""
    return {
        topics.transactions: TRANSACTION,
        topics.alerts: ALERT,
        topics.scores: SCORE,
        topics.labels: LABEL,
        topics.drift: DRIFT,
        topics.dead_letters: DEAD_LETTER,
        topics.inference: INFERENCE,
        topics.control: CONTROL,
        topics.model_events: MODEL_EVENT,
        topics.shadow: SHADOW,
        topics.queries: FEATURE_QUERY,
        topics.features: FEATURE_ANSWER,
    }


def subject_kinds(topics: Topics) -> dict[str, str]:
    """Map each subject of a registry to the kind of record that it keeps the schema of."""
    kinds = {value_subject(topic): kind for topic, kind in topic_kinds(topics).items()}
    control = topics.control
    return kinds | {
        rules_subject(control): RULES,
        snoozes_subject(control): SNOOZE,
        lists_subject(control): LIST_ENTRY,
    }
