"""Records that the job writes: scores, alerts, dead letters."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyflink.common import Row

from jobs.job_config import JobConfig
from jobs.operators.topic_batches import topic_batches
from models.features.row_columns import names_with
from models.features.table import FEATURE_NAMES
from models.rules.compiled_rule import CompiledRule
from models.rules.ruling import NONE_FIRED, Fired
from models.scoring.artifact import Artifact
from models.scoring.decision import Decision
from models.scoring.reason import Reason
from models.scoring.reason_finder import ReasonFinder
from models.scoring.transaction_scorer import Decisions
from schemas.alert_id import alert_id
from schemas.avro_schemas import ALERT, DEAD_LETTER
from schemas.codec import RecordCodec
from schemas.dead_letter import dead_letter
from schemas.position import offset_of, partition_of
from schemas.registry import SchemaRegistry, value_subject
from schemas.rejection import Rejection
from schemas.score_batch import ScoreBatchEncoder
from schemas.transaction_fields import Reader, Role, name_of, names_read_by
from schemas.validation import event_time_ms

_COPIED = tuple(name for name in names_read_by(Reader.ALERTS) if name != name_of(Role.EVENT_TIME))


class Outputs:
    """Encoder of what the operator found: scores, alerts and dead letters as TOPIC_BATCHes."""

    def __init__(self, config: JobConfig, artifact: Artifact, registry: SchemaRegistry) -> None:
        self._topics = config.topics
        self._manifest = manifest = artifact.manifest
        self._reasons, self._names = ReasonFinder(artifact), names_with(artifact.row_columns)
        self._emit_scores = config.emit_scores
        self._kept_bytes = config.limits.max_record_bytes
        self._scores = ScoreBatchEncoder(
            value_subject(config.topics.scores),
            registry,
            model_id=manifest.model_id,
            spec_hash=manifest.feature_spec_hash,
        )
        self._alerts = RecordCodec(ALERT, value_subject(config.topics.alerts), registry)
        self._dead_letters = RecordCodec(DEAD_LETTER, value_subject(config.topics.dead_letters), registry)

    def decisions(
        self,
        records: pa.RecordBatch,
        scored: Decisions,
        positions: NDArray[np.int64],
        shard: int,
        label_offsets: Sequence[int],
        now_ms: int,
        fired: Fired = NONE_FIRED,
        rule_book_id: str = "",
    ) -> Iterator[Row]:
        """Yield the alerts of a batch, each with the rules that raised it, and its scores unless they are turned off.

        Each record names its transaction's position, and what it was scored with: model, known labels, rules and the
        sequence numbers of its entities' events. After a failure these may differ for a transaction that is scored
        again, under the same position.
        """
        flagged = np.flatnonzero(scored.decisions != Decision.APPROVE)
        if len(flagged):
            scored_with = {"shard": shard, "label_offsets": list(label_offsets), "rule_book_id": rule_book_id}
            yield from self._alert_batches(records, scored, positions, flagged, now_ms, fired, scored_with)
        if self._emit_scores:
            payloads = self._scores.encode(
                records,
                scored.scores,
                scored.decisions,
                positions,
                now_ms,
                label_offsets,
                shard,
                rule_book_id,
                scored.entity_sequences,
                scored.entity_label_offsets,
            )
            yield from topic_batches(self._topics.scores, scored.customers, payloads)

    def dead_letters(
        self,
        topic: str,
        rejections: Sequence[Rejection],
        keys: Sequence[str | None],
        payloads: Sequence[bytes],
        positions: Sequence[int],
        now_ms: int,
    ) -> Iterator[Row]:
        """Yield the dead letters of a batch from ``topic``, each with its bytes and its position."""
        letters = [
            dead_letter(
                item.reason,
                item.detail,
                (topic, partition_of(positions[item.row]), offset_of(positions[item.row])),
                keys[item.row],
                payloads[item.row],
                kept_bytes=self._kept_bytes,
                now_ms=now_ms,
            )
            for item in rejections
        ]
        written = [self._dead_letters.encode(letter) for letter in letters]
        return topic_batches(self._topics.dead_letters, [letter["key"] for letter in letters], written)

    def _alert_batches(
        self,
        records: pa.RecordBatch,
        scored: Decisions,
        positions: NDArray[np.int64],
        rows: np.ndarray[Any, Any],
        now_ms: int,
        fired: Fired,
        scored_with: dict[str, Any],
    ) -> Iterator[Row]:
        alerts = [
            self._alert(records, scored, row, now_ms, fired.get(row, ())) | scored_with | _position(int(positions[row]))
            for row in rows.tolist()
        ]
        payloads = [self._alerts.encode(alert) for alert in alerts]
        return topic_batches(self._topics.alerts, [alert["customer_id"] for alert in alerts], payloads)

    def _alert(
        self, records: pa.RecordBatch, scored: Decisions, row: int, now_ms: int, rules: Sequence[CompiledRule]
    ) -> dict[str, Any]:
        manifest = self._manifest
        transaction = {name: records.column(name)[row].as_py() for name in _COPIED}
        features = scored.x[row]
        return {
            **transaction,
            "alert_id": alert_id(transaction["customer_id"], transaction["transaction_id"]),
            "event_time": int(event_time_ms(records)[row]),
            "scored_at": now_ms,
            "score": float(scored.scores[row]),
            "decision": Decision(scored.decisions[row]).name,
            "model_id": manifest.model_id,
            "feature_spec_hash": manifest.feature_spec_hash,
            "entity_sequences": scored.entity_sequences[row].tolist(),
            "entity_label_offsets": scored.entity_label_offsets[row].tolist(),
            "review_threshold": manifest.review_threshold,
            "block_threshold": manifest.block_threshold,
            "features": dict(zip(self._names, features.tolist(), strict=True)),
            "reasons": [
                *(_rule_reason(rule, features) for rule in rules),
                *(_reason(reason) for reason in self._reasons.find(features)),
            ],
        }


def _position(position: int) -> dict[str, int]:
    return {"partition": partition_of(position), "offset": offset_of(position)}


def _reason(reason: Reason) -> dict[str, Any]:
    return {
        "code": reason.code.value,
        "text": reason.code.text,
        "feature": reason.feature,
        "value": reason.value,
        "usual": reason.usual,
        "contribution": reason.contribution,
    }


def _rule_reason(compiled: CompiledRule, features: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Word a rule as a reason, with the first feature that it names; a rule on texts alone names none."""
    feature = compiled.feature
    return {
        "code": compiled.rule.code,
        "text": compiled.rule.text,
        "feature": feature or "",
        "value": float(features[FEATURE_NAMES.index(feature)]) if feature else 0.0,
        "usual": None,
        "contribution": None,
    }
