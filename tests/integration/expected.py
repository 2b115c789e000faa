"""Expected output of a job, computed without it."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from models.features.label_batch import LabelBatch
from models.scoring.artifact import Artifact
from models.scoring.decision import Decision
from models.scoring.history_scorer import HistoryScorer
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.alert_id import alert_id
from schemas.columns import LABEL_ARROW, TRANSACTION_ARROW
from tests.replay_scores import replay_scores


@cache
def card_world(rows: int, *, customers: int = 300, **changes: Any) -> pa.Table:
    """Return the first transactions of a card world unknown to the model."""
    config = SimulationConfig(seed=12, customers=customers, merchants=200, fraud_rate=0.02, **changes)
    table = simulate(config)
    assert len(table) >= rows, f"only {len(table):,} transactions: give more customers"
    return table.slice(0, rows)


def known_scores(past: pa.Table, present: pa.Table, artifact: Artifact) -> dict[str, float]:
    """Return the scores of a scorer that has all labels of the past before the present starts."""
    scorer = HistoryScorer(artifact)
    for records in past.select(TRANSACTION_ARROW.names).to_batches():
        scorer.score(records)
    for labels in past.select(LABEL_ARROW.names).to_batches():
        scorer.learn(LabelBatch.of(labels))
    (records,) = present.select(TRANSACTION_ARROW.names).combine_chunks().to_batches()
    ids = records.column("transaction_id").to_pylist()
    return dict(zip(ids, scorer.score(records).scores.tolist(), strict=True))


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Expected output of the job for a table, computed offline; by transaction_id unless stated otherwise."""

    transactions: dict[str, dict[str, Any]]
    scores: dict[str, float]
    decisions: dict[str, str]
    features: dict[str, Any]
    by_customer: dict[str, list[str]]
    alerts: dict[str, str]
    """Transaction ids by alert_id."""

    @classmethod
    def of(cls, table: pa.Table, artifact: Artifact) -> "Expected":
        canonical = table.select(TRANSACTION_ARROW.names).combine_chunks()
        rows = canonical.to_pylist()
        ids = [row["transaction_id"] for row in rows]
        scores = replay_scores(canonical, artifact)
        scored = HistoryScorer(artifact).score(canonical.to_batches()[0])
        assert np.array_equal(scored.scores, scores)
        by_customer: dict[str, list[str]] = {}
        for row in rows:
            by_customer.setdefault(row["customer_id"], []).append(row["transaction_id"])
        decisions = dict(zip(ids, (Decision(value).name for value in scored.decisions), strict=True))
        return cls(
            transactions=dict(zip(ids, rows, strict=True)),
            scores=dict(zip(ids, scores.tolist(), strict=True)),
            decisions=decisions,
            features=dict(zip(ids, scored.x, strict=True)),
            by_customer=by_customer,
            alerts={
                alert_id(row["customer_id"], row["transaction_id"]): row["transaction_id"]
                for row in rows
                if decisions[row["transaction_id"]] != "APPROVE"
            },
        )
