"""Client of the scoring service: consumes transactions, requests a score for each and writes it.

A customer's transactions are requested one after the other, since the service adds them as they arrive.
"""

import asyncio
from pathlib import Path
from typing import Any

import httpx
from confluent_kafka import Producer

from benchmarks.baselines.arguments import Arguments, parse_arguments
from benchmarks.baselines.card_scorer import CardScorer, Record
from benchmarks.baselines.http_service import PORT_FILE
from benchmarks.baselines.plain_loop import open_consumer, open_producer
from fraudstream.system.deadline import wait_until

LANES = 32
"""Concurrent requests, of different customers."""
CHUNK = 1_000
START_S = 60.0


class HttpScoring:
    """Requests and outputs of a chunk of transactions."""

    def __init__(self, arguments: Arguments, client: httpx.AsyncClient, producer: Producer) -> None:
        self._arguments, self._client, self._producer = arguments, client, producer
        self._scorer = CardScorer(arguments.model)

    async def process(self, payloads: list[bytes]) -> None:
        """Score a chunk."""
        lanes: list[list[Record]] = [[] for _ in range(LANES)]
        for payload in payloads:
            record = self._scorer.decode(payload)
            lanes[hash(record["customer_id"]) % LANES].append(record)
        await asyncio.gather(*map(self._ask_in_turn, lanes))
        self._producer.poll(0)

    async def _ask_in_turn(self, records: list[Record]) -> None:
        for record in records:
            question: dict[str, Any] = {**record, "event_time": record["event_time"].isoformat()}
            answer = (await self._client.post("/score", json=question)).raise_for_status().json()
            score, alert = self._scorer.output(record, answer["features"], answer["score"])
            self._producer.produce(self._arguments.scores_topic, score, record["customer_id"])
            if alert:
                self._producer.produce(self._arguments.alerts_topic, alert, record["customer_id"])


async def main() -> None:
    """Score until stopped."""
    arguments = parse_arguments(__doc__)
    consumer, producer = open_consumer(arguments), open_producer(arguments)
    address = f"http://127.0.0.1:{_port(arguments.state / PORT_FILE)}"
    # The service is local: proxies of the environment do not apply.
    async with httpx.AsyncClient(base_url=address, timeout=30, trust_env=False) as client:
        scoring = HttpScoring(arguments, client, producer)
        while True:
            messages = consumer.consume(CHUNK, 1.0)
            payloads = (message.value() for message in messages if message.error() is None)
            await scoring.process([payload for payload in payloads if payload is not None])


def _port(file: Path) -> int:
    if not wait_until(lambda: file.exists() and bool(file.read_text()), seconds=START_S):
        raise SystemExit(f"expected the service's port in {file} within {START_S:.0f} s: see the service's log")
    return int(file.read_text())


if __name__ == "__main__":
    asyncio.run(main())
