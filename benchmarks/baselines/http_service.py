"""Baseline as a scoring service: FastAPI behind uvicorn, one transaction per request.

The model is served with onnxruntime, which answers a single row sooner than LightGBM itself. Histories are in memory,
where a request finds them sooner than in a store; they are gone when the service dies. `http_client` calls it.
"""

import socket
from collections import defaultdict
from datetime import datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.baselines.arguments import parse_arguments
from benchmarks.baselines.card_scorer import CardScorer
from benchmarks.baselines.window_sums import WindowSums

PORT_FILE = "port"
"""File in the state folder with the service's port."""


class Transaction(BaseModel):
    """Body of a request."""

    transaction_id: str
    customer_id: str
    merchant_id: str
    merchant_category: str
    transaction_type: str
    amount_minor: int
    currency: str
    device_id: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    event_time: datetime


class Answer(BaseModel):
    """Body of an answer."""

    score: float
    features: list[float]


def service(model: Path) -> FastAPI:
    """Return the application."""
    app, scorer = FastAPI(), CardScorer(model)
    histories: dict[str, WindowSums] = defaultdict(WindowSums)

    @app.post("/score")
    async def score(transaction: Transaction) -> Answer:
        row = scorer.advance(histories[transaction.customer_id], dict(transaction))
        return Answer(score=scorer.score([row])[0], features=row)

    return app


def main() -> None:
    """Serve until stopped."""
    arguments = parse_arguments(__doc__)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(service(arguments.model), log_level="warning", access_log=False))
    (arguments.state / PORT_FILE).write_text(str(listening.getsockname()[1]))
    server.run(sockets=[listening])


if __name__ == "__main__":
    main()
