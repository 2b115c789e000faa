"""Repeated lookups of scores, for customers that share a transaction_id."""

import asyncio
from types import SimpleNamespace

import pytest

from fraudstream.api.score_book import ScoreBook
from tests.unit.fraudstream.api.problem_documents import is_problem


@pytest.fixture
def client(client_of):
    """Return a client of a server with transaction `t` of the customers c and d, and `u` of c."""

    async def filled() -> ScoreBook:
        book = ScoreBook(kept_s=600, max_entries=10, clock=lambda: 0.0)
        for transaction_id, customer_id in (("t", "c"), ("t", "d"), ("u", "c")):
            book.open(transaction_id, customer_id, customer_id.encode())
        book.add_score(
            {
                "transaction_id": "t",
                "customer_id": "d",
                "decision": "APPROVE",
                "score": 0.5,
                "scored_at": "2026-11-25T09:30:00Z",
                "model_id": "m",
            }
        )
        return book

    client = client_of()
    client.app.state.client = SimpleNamespace(scoring=asyncio.run(filled()))
    return client


def test_id_of_several_customers_needs_the_customer(client):
    assert is_problem(client.get("/v1/scores/t"), 409)["what_to_do"] == "ask again with ?customer_id="
    assert client.get("/v1/scores/t?customer_id=d").json()["score"] == 0.5
    pending = client.get("/v1/scores/t?customer_id=c")
    assert (pending.status_code, pending.headers["location"]) == (202, "/v1/scores/t?customer_id=c")


def test_id_of_one_customer_needs_no_customer_and_is_not_found_under_another(client):
    assert client.get("/v1/scores/u").status_code == 202
    is_problem(client.get("/v1/scores/u?customer_id=d"), 404)
