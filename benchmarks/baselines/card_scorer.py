"""Scoring of one transaction in plain Python, shared by the baselines."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import fastavro
import numpy as np

from benchmarks.baselines.plain_history import Seen
from models.features.table import CUSTOMER_FEATURES, FEATURES
from models.scoring.artifact import load_artifact
from models.scoring.model import OnnxModel
from schemas.alert_id import alert_id
from schemas.avro_schemas import ALERT, SCORE, TRANSACTION, parsed_schema
from schemas.codec import RecordCodec
from schemas.framing import HEADER_BYTES
from schemas.registry import FileRegistry

Record = dict[str, Any]
Row = list[float]
Output = tuple[bytes, bytes | None]
"""Encoded score, and the alert if any."""


class History(Protocol):
    """History of a customer: `PlainHistory` or `WindowSums`."""

    def advance(self, now: Seen, category_risk: float, type_risk: float) -> Row:
        """Return the features of a transaction and remember it."""


class CardScorer:
    """Scoring of a transaction in every baseline: plain Python, fastavro, onnxruntime.

    No baseline has state of merchants and devices: their features are missing, where the model reads them.

    Parameters
    ----------
    model : Path
        Folder of the artifact.
    """

    def __init__(self, model: Path) -> None:
        artifact = load_artifact(model)
        self._manifest = artifact.manifest
        self._model = OnnxModel(artifact.onnx)
        self.missing = [float(feature.missing) for feature in FEATURES[: self._model.width]]
        self._no_entities = self.missing[len(CUSTOMER_FEATURES) :]
        self._category, self._type = artifact.category_risk, artifact.type_risk
        self._schema = parsed_schema(TRANSACTION)
        self._scores = RecordCodec(SCORE, "", FileRegistry())
        self._alerts = RecordCodec(ALERT, "", FileRegistry())

    def decode(self, payload: bytes) -> Record:
        """Return the transaction in a Kafka value. The writer's schema is assumed to be ours."""
        body = io.BytesIO(payload)
        body.seek(HEADER_BYTES)
        return fastavro.schemaless_reader(body, self._schema)  # type: ignore[return-value]

    def advance(self, history: History, record: Record) -> Row:
        """Return a transaction's features and add it to its customer's history."""
        now = Seen(
            time_ms=round(record["event_time"].timestamp() * 1000),
            amount_minor=record["amount_minor"],
            merchant=record["merchant_id"],
            device=record["device_id"],
            latitude=record["latitude"],
            longitude=record["longitude"],
        )
        return [*history.advance(now, *self.risks(record)), *self._no_entities]

    def risks(self, record: Record) -> tuple[float, float]:
        """Return the fraud rates of a transaction's merchant category and of its type."""
        category = self._category.rates.get(record["merchant_category"], self._category.prior)
        return category, self._type.rates.get(record["transaction_type"], self._type.prior)

    def score(self, rows: Sequence[Row]) -> list[float]:
        """Return the probability of fraud of each row of features."""
        scores: list[float] = self._model.score(np.array(rows, np.float32)).tolist()
        return scores

    def outputs(self, records: Sequence[Record], rows: Sequence[Row]) -> list[Output]:
        """Score transactions by their features, in one batch, and return the output of each."""
        now = datetime.now(UTC)
        scores = self.score(rows)
        return [self.output(*done, now) for done in zip(records, rows, scores, strict=True)]

    def output(self, record: Record, row: Row, score: float, now: datetime | None = None) -> Output:
        """Return the output of a scored transaction."""
        manifest = self._manifest
        block, review = score >= manifest.block_threshold, score >= manifest.review_threshold
        result = {
            "transaction_id": record["transaction_id"],
            "customer_id": record["customer_id"],
            "event_time": record["event_time"],
            "scored_at": now or datetime.now(UTC),
            "score": score,
            "decision": "BLOCK" if block else "REVIEW" if review else "APPROVE",
            "model_id": manifest.model_id,
            "feature_spec_hash": manifest.feature_spec_hash,
        }
        if not review:
            return self._scores.encode(result), None
        alert = {
            **record,
            **result,
            "alert_id": alert_id(record["customer_id"], record["transaction_id"]),
            "review_threshold": manifest.review_threshold,
            "block_threshold": manifest.block_threshold,
            "features": dict(zip(manifest.feature_names, map(float, row), strict=True)),
            "reasons": [],
        }
        return self._scores.encode(result), self._alerts.encode(alert)
