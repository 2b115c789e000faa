"""Load on the scoring API: each user sends five transactions per second; a missing decision is a failure.

`locust -f benchmarks/locustfile.py --host http://127.0.0.1:8000` opens its page; `fraudstream bench scoring-api`
runs it without one. API_TOKEN is sent as bearer token, where the server asks for one.
"""

import os
import random
import uuid
from datetime import UTC, datetime
from typing import Any

import gevent
from locust import FastHttpUser, constant_throughput, task

PER_SECOND = 5
CUSTOMERS, MERCHANTS = 10_000, 2_000
CATEGORIES = ("grocery", "restaurant", "fuel", "clothing", "electronics", "travel")


class Terminal(FastHttpUser):
    """User that sends transactions of recurring customers."""

    wait_time = constant_throughput(PER_SECOND)

    def on_start(self) -> None:
        """Set the token and a random delay: Locust starts users at full seconds, so all would send at once."""
        token = os.environ.get("API_TOKEN")
        gevent.sleep(random.uniform(0, 1 / PER_SECOND))  # noqa: S311
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    @task
    def score(self) -> None:
        """Send a transaction."""
        with self.client.post("/v1/score", json=_transaction(), headers=self._headers, catch_response=True) as answer:
            if answer.status_code != 200:
                answer.failure(f"status {answer.status_code}")


def _transaction() -> dict[str, Any]:
    return {
        "transaction_id": uuid.uuid4().hex,
        "customer_id": f"load-{random.randrange(CUSTOMERS)}",  # noqa: S311
        "merchant_id": f"m-{random.randrange(MERCHANTS)}",  # noqa: S311
        "merchant_category": random.choice(CATEGORIES),  # noqa: S311
        "transaction_type": "purchase",
        "amount_minor": round(random.lognormvariate(8, 1)),
        "currency": "EUR",
        "event_time": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
