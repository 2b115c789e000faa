"""Model events and comparisons of challengers, as records."""

from __future__ import annotations

from collections.abc import Sequence

from pyflink.common import Row

from jobs.job_config import JobConfig
from jobs.operators.rule_reader import ReadBook
from jobs.operators.serving import Serving
from jobs.operators.serving_loader import Outcome
from models.scoring.shadow_tally import ShadowTally
from schemas.avro_schemas import MODEL_EVENT, SHADOW
from schemas.codec import RecordCodec
from schemas.control_id import MAX_ID_CHARACTERS
from schemas.deployment import MAX_CHALLENGERS
from schemas.registry import SchemaRegistry, value_subject
from schemas.rejection import readable

KEPT_DETAIL, KEPT_MODELS = 1_000, MAX_CHALLENGERS + 1
"""Maximum characters of a refusal, and models, of an event: small enough for a broker with any control record."""


class ModelReports:
    """Encoder of events of models and rules, and of comparisons, as TOPIC_BATCHes."""

    def __init__(self, config: JobConfig, registry: SchemaRegistry) -> None:
        self._topics = config.topics
        self._events = RecordCodec(MODEL_EVENT, value_subject(config.topics.model_events), registry)
        self._comparisons = RecordCodec(SHADOW, value_subject(config.topics.shadow), registry)

    def serving(self, shard: int, serving: Serving, now_ms: int, took_ms: int | None) -> Row:
        """Report that a shard scores with these models from now on."""
        model_ids = [model.manifest.model_id for model in serving.ensemble.models]
        return self._event("SERVING", shard, serving.deployment_id, model_ids, "", now_ms, took_ms)

    def refused(self, shard: int, outcome: Outcome, now_ms: int, took_ms: int | None) -> Row:
        """Report that a shard refuses a deployment, and why."""
        deployment = outcome.deployment
        deployment_id, model_ids = (deployment.deployment_id, deployment.model_ids) if deployment else ("", ("",))
        return self._event("REFUSED", shard, deployment_id, model_ids, outcome.refusal, now_ms, took_ms)

    def removed(self, shard: int, serving: Serving, number: int, why: str, now_ms: int) -> Row:
        """Report that a shard removed a challenger, and why; the event names the challenger alone."""
        model_id = serving.ensemble.models[number].manifest.model_id
        return self._event("REFUSED", shard, serving.deployment_id, (model_id,), why, now_ms, None)

    def failed(self, shard: int, serving: Serving, why: str, now_ms: int) -> Row:
        """Report that a shard falls back to the models before these, and why."""
        model_ids = [model.manifest.model_id for model in serving.ensemble.models]
        return self._event("REFUSED", shard, serving.deployment_id, model_ids, why, now_ms, None)

    def rules(self, shard: int, read: ReadBook, now_ms: int) -> Row:
        """Report that a shard follows a rule book from now on, or why it refuses it."""
        kind = "RULES_REFUSED" if read.engine is None else "RULES"
        return self._event(kind, shard, read.book_id, ("",), read.refusal, now_ms, None)

    def record(self, shard: int, record_id: str, refusal: str, now_ms: int) -> Row:
        """Report that a shard follows a snooze or a change of a list from now on, or why it refuses it."""
        return self._event("RULES_REFUSED" if refusal else "RULES", shard, record_id, ("",), refusal, now_ms, None)

    def comparisons(
        self, shard: int, deployment_id: str, tallies: list[ShadowTally], begin_ms: int, end_ms: int
    ) -> Row:
        """Report how each challenger compared with the champion since the last report."""
        head = {"deployment_id": deployment_id, "shard": shard, "begin": begin_ms, "end": end_ms}
        payloads = [self._comparisons.encode({**head, **tally.flush()}) for tally in tallies]
        return Row(self._topics.shadow, [str(shard)] * len(payloads), payloads)

    def _event(
        self,
        kind: str,
        shard: int,
        deployment_id: str,
        model_ids: Sequence[str],
        detail: str,
        now_ms: int,
        took_ms: int | None,
    ) -> Row:
        champion, *challengers = map(_readable_id, model_ids[:KEPT_MODELS])
        event = {
            "deployment_id": _readable_id(deployment_id),
            "shard": shard,
            "at": now_ms,
            "kind": kind,
            "model_id": champion,
            "challengers": challengers,
            "detail": readable(detail)[:KEPT_DETAIL],
            "took_ms": took_ms,
        }
        return Row(self._topics.model_events, [str(shard)], [self._events.encode(event)])


def _readable_id(name: str) -> str:
    return readable(name)[:MAX_ID_CHARACTERS]
