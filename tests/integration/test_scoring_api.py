"""The scoring API on the real broker and job: decisions, deadlines, repetition."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from fraudstream.api.application import create_application
from fraudstream.api.transaction import EXAMPLE, Transaction
from fraudstream.serving.feature_source import ApiFeatureSource
from fraudstream.settings.serving_settings import ServingSettings
from fraudstream.system.deadline import wait_until
from fraudstream.system.ports import free_port
from models.features.table import FEATURE_NAMES
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.columns import TRANSACTION_ARROW
from tests.integration.scoring_lane import Lane
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.integration

PATIENT = {"X-Deadline-Ms": "10000"}


def client_of(lane: Lane) -> TestClient:
    app = create_application(lane.broker, lane.rest, CollectorRegistry())
    return TestClient(app, base_url="http://127.0.0.1")


@pytest.fixture(scope="module")
def lane(running) -> Iterator[Lane]:
    lane = running.lane()
    lane.submit()
    yield lane
    lane.cancel()


@pytest.fixture(scope="module")
def client(lane) -> Iterator[TestClient]:
    with client_of(lane) as client:
        yield client


def transaction(number: int, **change: Any) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {**EXAMPLE, "transaction_id": f"t-{number}", "event_time": now, **change}


def test_each_transaction_gets_the_decision_of_the_job(lane, client):
    """Alerts come with their reasons."""
    table = simulate(SimulationConfig(seed=5, customers=40, days=30)).select(TRANSACTION_ARROW.names)
    rows = table.slice(len(table) - 400).to_pylist()
    answers = {}
    for row in rows:
        body = {**row, "event_time": row["event_time"].isoformat()}
        answers[row["transaction_id"]] = client.post("/v1/score", json=body, headers=PATIENT)
    assert {answer.status_code for answer in answers.values()} == {200}
    found = {name: answer.json() for name, answer in answers.items()}
    scores = {score["transaction_id"]: score for score in lane.scores()}
    assert found.keys() <= scores.keys()
    for name, answer in found.items():
        assert (answer["status"], answer["decided_by"]) == ("SCORED", "model")
        assert answer["decision"] == scores[name]["decision"]
        assert answer["score"] == scores[name]["score"]
        assert answer["model_id"] == scores[name]["model_id"]
    alerts = {alert["transaction_id"]: alert for alert in lane.alerts()}
    alerted = {name for name, answer in found.items() if answer["decision"] != "APPROVE"}
    assert alerted == alerts.keys() & found.keys()
    assert alerted
    for name in alerted:
        codes = [reason["code"] for reason in alerts[name]["reasons"]]
        assert [reason["code"] for reason in found[name]["reasons"]] == codes


def test_repeated_request_gets_the_same_answer_and_is_published_once(lane, client):
    body = transaction(1)
    first = client.post("/v1/score", json=body, headers=PATIENT)
    size = lane.size(lane.topics.transactions)
    again = client.post("/v1/score", json=body, headers=PATIENT)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json() == client.get("/v1/scores/t-1").json()
    assert lane.size(lane.topics.transactions) == size


def test_id_reused_for_another_transaction_is_refused(lane, client):
    client.post("/v1/score", json=transaction(2), headers=PATIENT)
    size = lane.size(lane.topics.transactions)
    answer = client.post("/v1/score", json=transaction(2, amount_minor=999))
    assert answer.status_code == 409
    assert "new id" in answer.json()["what_to_do"]
    assert lane.size(lane.topics.transactions) == size


def test_repeated_id_that_the_api_has_forgotten_gets_the_first_score_from_the_job(lane, client):
    first = client.post("/v1/score", json=transaction(3), headers=PATIENT).json()
    with client_of(lane) as restarted:
        assert restarted.get("/v1/scores/t-3").status_code == 404
        again = restarted.post("/v1/score", json=transaction(3), headers=PATIENT).json()
    assert again["score"] == first["score"]


def test_id_may_have_any_characters(client):
    name = "a/b ?&# é"
    body = transaction(4, transaction_id=name, event_time=(datetime.now(UTC) - timedelta(hours=1)).isoformat())
    late = client.post("/v1/score", json=body, headers={"X-Deadline-Ms": "1"})
    assert late.json()["transaction_id"] == name
    answer = client.post("/v1/score", json=body, headers=PATIENT)
    assert answer.status_code == 200
    where = late.headers.get("location", "/v1/scores/a%2Fb%20%3F%26%23%20%C3%A9")
    assert client.get(where).json() == answer.json()


def test_queried_features_equal_those_of_the_next_transaction_and_queries_change_nothing(lane, client):
    """With several customers, so that each shard answers."""
    spent = 0
    for number in range(8):
        customer = f"queried-{number}"
        body = transaction(100 + number, customer_id=customer, amount_minor=2_000)
        client.post("/v1/score", json=body, headers=PATIENT)
        size = lane.size(lane.topics.transactions)
        queries = [
            client.get(f"/v1/customers/{customer}/features?amount_minor=350000&merchant_id=m-9", headers=PATIENT)
            for _ in range(2)
        ]
        assert [answer.status_code for answer in queries] == [200, 200]
        first, second = (answer.json()["features"] for answer in queries)
        assert lane.size(lane.topics.transactions) == size
        for features in (first, second):
            assert (features["amount"], features["count_1h"], features["amount_sum_1h"]) == (3_500, 1, 20)
        spent += first["count_24h"]
    assert spent == 8


def test_unknown_customer_has_the_features_of_a_first_transaction(client):
    answer = client.get("/v1/customers/never seen/features", headers=PATIENT).json()
    assert answer["customer_id"] == "never seen"
    assert answer["features"]["history_count"] == 0


def test_api_is_ready_while_the_job_runs(client):
    assert client.get("/readyz").json() == {"status": "ok"}


def test_command_serves_clients_with_a_token_until_it_is_stopped(lane, tmp_path):
    port, token = free_port(), "a-token-of-the-tests"
    topics = {f"FRAUDSTREAM_TOPICS__{name.upper()}": topic for name, topic in asdict(lane.topics).items()}
    variables = {"FRAUDSTREAM_PATHS__STATE": str(lane.settings.state.root), "FRAUDSTREAM_API__TOKENS": token}
    command = [sys.executable, "-m", "fraudstream", "api", "--port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **topics, **variables}, stdout=log, stderr=log)  # noqa: S603
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S) as http:

            def answers() -> bool:
                assert process.poll() is None, (tmp_path / "log").read_text()
                try:
                    return http.get("/readyz").status_code == 200
                except httpx2.TransportError:
                    return False

            assert wait_until(answers, seconds=PATIENCE_S), (tmp_path / "log").read_text()
            bearer = {"Authorization": f"Bearer {token}"}
            assert http.post("/v1/score", json=transaction(6)).status_code == 401
            assert http.post("/v1/score", json=transaction(6), headers=PATIENT | bearer).status_code == 200
            assert "fraud_transactions_total" in http.get("/metrics", headers=bearer).text
            source = ApiFeatureSource(
                ServingSettings(features_url=str(http.base_url), features_token=token, features_timeout_s=PATIENCE_S)
            )
            (row,) = source.find([Transaction.model_validate(transaction(7, amount_minor=350_000))], len(FEATURE_NAMES))
            assert not isinstance(row, Exception), row
            assert row[FEATURE_NAMES.index("amount")] == 3_500
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
    assert token not in (tmp_path / "log").read_text()
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_without_a_job_the_deadline_passes_and_no_transaction_is_approved(running, lane):
    """The API is not ready; a job that starts later scores the transaction, and the late score is found."""
    lane.cancel()  # it has the one slot
    other = running.lane()
    with client_of(other) as client:
        assert client.get("/healthz").status_code == 200
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["was"]) == (503, "no answer of the job")
        features = client.get("/v1/customers/c/features", headers={"X-Deadline-Ms": "50"})
        assert (features.status_code, features.json()["was"]) == (504, "none")
        body = transaction(5)
        for _ in range(2):
            answer = client.post("/v1/score", json=body, headers={"X-Deadline-Ms": "50"})
            assert answer.status_code == 202
            reply = {name: answer.json()[name] for name in ("status", "decision", "decided_by", "score")}
            assert reply == {"status": "PENDING", "decision": "REVIEW", "decided_by": "deadline", "score": None}
        late = answer.headers["location"]
        assert client.get(late).status_code == 202
        other.submit()
        try:
            assert wait_until(lambda: client.get(late).status_code == 200, seconds=PATIENCE_S)
            assert client.get(late).json()["decided_by"] == "model"
            assert other.size(other.topics.transactions) == 1
        finally:
            other.cancel()
