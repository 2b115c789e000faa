"""Transactions with the features and scores that the job gives them, and an API that answers with these features."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

from fraudstream.system.ports import LOOPBACK
from models.features.table import FEATURE_NAMES, spec_hash
from models.scoring.decision import Decision
from models.scoring.history_scorer import HistoryScorer
from schemas.columns import TRANSACTION_ARROW
from tests.json_handler import JsonHandler
from tests.served import served
from tests.unit.training.histories import artifact, history

HISTORY_ROWS, ROWS = 6_000, 60


@dataclass(frozen=True, kw_only=True)
class ScoredItem:
    """Transaction as JSON, with the features, score and decision of the job."""

    transaction: dict[str, Any]
    features: dict[str, float]
    score: float
    decision: str

    @property
    def row(self) -> list[float]:
        """Features in the order of `FEATURES`."""
        return list(self.features.values())


@cache
def scored_items() -> tuple[ScoredItem, ...]:
    """Return the transactions with the highest scores of a history, and as many of its last ones."""
    records = history().select(TRANSACTION_ARROW.names).slice(0, HISTORY_ROWS).combine_chunks().to_batches()[0]
    scored = HistoryScorer(artifact()).score(records)
    chosen = sorted({*np.argsort(scored.scores)[-ROWS:].tolist(), *range(HISTORY_ROWS - ROWS, HISTORY_ROWS)})
    return tuple(
        ScoredItem(
            transaction=_as_json(records.slice(row, 1).to_pylist()[0]),
            features=dict(zip(FEATURE_NAMES, scored.x[row].tolist(), strict=True)),
            score=float(scored.scores[row]),
            decision=Decision(scored.decisions[row]).name,
        )
        for row in chosen
    )


def _as_json(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "event_time": row["event_time"].isoformat()}


def features_answer(customer: str, query: dict[str, str]) -> tuple[int, Any]:
    """Answer a query for the features of one of the items, as `fraudstream api` does."""
    for item in scored_items():
        found = item.transaction
        if found["customer_id"] == customer and str(found["amount_minor"]) == query["amount_minor"]:
            return 200, {"customer_id": customer, "feature_spec_hash": spec_hash(), "features": item.features}
    return 504, {"detail": "expected the job's answer within 1 s, got none"}


@contextmanager
def features_api(
    answer: Callable[[str, dict[str, str]], tuple[int, Any]] = features_answer, token: str = ""
) -> Iterator[str]:
    """Run a server of `GET /v1/customers/{id}/features` within a block; yields its address."""

    class Handler(JsonHandler):
        def do_GET(self) -> None:  # noqa: N802 (named by http.server)
            if token and self.headers.get("Authorization") != f"Bearer {token}":
                self.answer(401, {"detail": "expected Authorization: Bearer with a token of this server, got none"})
                return
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            self.answer(*answer(unquote(url.path.split("/")[3]), query))

    with served(ThreadingHTTPServer((LOOPBACK, 0), Handler)) as server:
        yield f"http://{LOOPBACK}:{server.server_port}"
