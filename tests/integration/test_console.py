"""The console on the real broker, cluster and job."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import orjson
import pytest
from fastapi.testclient import TestClient

from fraudstream.console.alert_routes import HEADER
from fraudstream.console.application import create_console
from fraudstream.control.control_topic import read_snoozes
from fraudstream.system.deadline import wait_until
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.avro_schemas import ALERT, SCORE, TRANSACTION
from schemas.columns import TRANSACTION_ARROW
from tests.integration.console_process import console_process
from tests.integration.console_records import labels, send
from tests.integration.scoring_lane import Lane
from tests.patience import PATIENCE_S
from tests.records import transaction
from tests.unit.fraudstream.console.records import alert

pytestmark = pytest.mark.integration

SAME_ORIGIN = {HEADER: "1"}


def listed(client: TestClient, **filters: str) -> list[str]:
    return [row["alert_id"] for row in client.get("/data/alerts", params=filters).json()["rows"]]


@pytest.fixture
def lane(running) -> Lane:
    """Make a lane without a job: the tests send its records."""
    return running.lane()


@pytest.fixture
def client(lane) -> Iterator[TestClient]:
    send(lane, ALERT, lane.topics.alerts, *(alert(number) for number in range(3)))
    with TestClient(create_console(lane.broker, lane.rest), base_url="http://127.0.0.1") as client:
        assert wait_until(lambda: len(listed(client)) == 3, seconds=PATIENCE_S)
        yield client


def test_earlier_and_new_alerts_are_listed(lane, client):
    assert listed(client) == ["a002", "a001", "a000"]
    send(lane, ALERT, lane.topics.alerts, alert(3))
    assert wait_until(lambda: listed(client)[0] == "a003", seconds=PATIENCE_S)


def test_review_is_a_label_on_the_topic_and_a_later_one_corrects_it(lane, client):
    first = client.post("/data/alerts/a001/review", json={"label": "fraud"}, headers=SAME_ORIGIN)
    assert first.status_code == 200, first.text
    assert listed(client, state="fraud") == ["a001"]
    second = client.post("/data/alerts/a001/review", json={"label": "genuine"}, headers=SAME_ORIGIN)
    assert second.status_code == 200, second.text
    assert listed(client, state="genuine") == ["a001"]
    written = labels(lane)
    assert [label["is_fraud"] for label in written] == [True, False]
    for label in written:
        for name in ("transaction_id", "customer_id", "merchant_id", "amount_minor", "event_time"):
            assert label[name] == alert(1)[name]
        assert label["record_key"] == label["customer_id"]


def test_snooze_is_a_separate_record_and_keeps_the_others(lane, client):
    for name, days in (("a001", 7), ("a002", 1), ("a001", 30)):
        answer = client.post(f"/data/alerts/{name}/snooze", json={"days": days}, headers=SAME_ORIGIN)
        assert answer.status_code == 200, answer.text
    snoozes = read_snoozes(lane.broker)
    assert {*snoozes} == {alert(1)["customer_id"], alert(2)["customer_id"]}
    snoozed = snoozes[alert(1)["customer_id"]]
    assert timedelta(days=29) < snoozed.until - datetime.now(UTC) < timedelta(days=30)
    assert snoozed.reason == "alert a001, in the console"


def test_labels_of_other_consoles_are_shown_and_reviews_survive_a_restart(lane, client):
    client.post("/data/alerts/a000/review", json={"label": "fraud"}, headers=SAME_ORIGIN)
    with TestClient(create_console(lane.broker, lane.rest), base_url="http://127.0.0.1") as other:
        assert wait_until(lambda: listed(other, state="fraud") == ["a000"], seconds=PATIENCE_S)
        other.post("/data/alerts/a002/review", json={"label": "genuine"}, headers=SAME_ORIGIN)
        assert wait_until(lambda: listed(client, state="genuine") == ["a002"], seconds=PATIENCE_S)


def test_history_has_the_transactions_decisions_and_labels_of_the_customer(lane, client):
    about = alert(1)
    mine = [
        transaction(number, customer_id="c1", event_time=about["event_time"] - timedelta(hours=number))
        for number in range(4)
    ]
    others = [transaction(100 + number, customer_id="c-other") for number in range(50)]
    send(lane, TRANSACTION, lane.topics.transactions, *others, *mine)
    score = {
        **{name: about[name] for name in ("scored_at", "decision", "model_id", "feature_spec_hash")},
        "transaction_id": "t000001", "customer_id": "c1", "event_time": about["event_time"], "score": 0.9, "shard": 0,
        "label_offsets": [],
    }  # fmt: skip
    send(lane, SCORE, lane.topics.scores, score)
    client.post("/data/alerts/a001/review", json={"label": "fraud"}, headers=SAME_ORIGIN)
    rows = client.app.state.context.history.find("c1", datetime.now(UTC))
    assert [row["transaction_id"] for row in rows] == [f"t{number:06d}" for number in range(4)]
    assert [row["decision"] for row in rows] == [None, "BLOCK", None, None]
    # Kafka's timestamps count: by its own time the alert was scored before these arrived.
    assert client.get("/data/alerts/a001/history").json() == {"rows": []}


def test_foreign_records_in_a_topic_are_skipped(lane, client):
    lane.send_raw([(b"c", b"no record"), (None, None)], lane.topics.alerts)
    lane.send_raw([(b"c", b"no record"), (None, None)], lane.topics.labels)
    send(lane, ALERT, lane.topics.alerts, alert(4))
    assert wait_until(lambda: "a004" in listed(client), seconds=PATIENCE_S)
    assert client.get("/healthz").status_code == 200


def test_all_views_answer_without_a_job(client):
    job = client.get("/data/job").json()
    assert job["cluster"]["slots"] >= 1
    assert client.get("/data/models").json() == {"serving": [], "events": [], "comparisons": [], "versions": []}
    for name in ("drifts", "dead-letters"):
        assert client.get(f"/data/{name}").json() == {"rows": []}


def test_command_sends_updates_to_pages_and_ends_while_one_is_open(lane, tmp_path: Path):
    token = "a-token-of-the-tests"
    with console_process(lane, tmp_path / "log", tokens=token) as url:
        assert httpx2.get(f"{url}/data/stream").status_code == 401
        bearer = {"Authorization": f"Bearer {token}"}
        stream = httpx2.Client(timeout=PATIENCE_S)
        with stream, stream.stream("GET", f"{url}/data/stream", headers=bearer) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "retry: 2000"
            send(lane, ALERT, lane.topics.alerts, alert(5))
            assert any(line == "event: alerts" for line in lines)
            update = orjson.loads(next(lines).removeprefix("data: "))
            assert [row["alert_id"] for row in update["rows"]] == ["a005"]
    assert token not in (tmp_path / "log").read_text()


def test_running_job_is_shown_with_figures_models_checkpoints_and_alerts(running):
    lane = running.lane()
    lane.submit()
    try:
        with TestClient(create_console(lane.broker, lane.rest), base_url="http://127.0.0.1") as client:
            table = simulate(SimulationConfig(seed=5, customers=40, days=30)).select(TRANSACTION_ARROW.names)
            lane.send(table)
            lane.await_scores(len(table))

            def shown() -> bool:
                points = client.get("/data/figures").json()["points"]
                (job,) = [job for job in client.get("/data/job").json()["jobs"] if job["state"] == "RUNNING"]
                counted = any(point["transactions_per_s"] > 0 and point["p99_ms"] for point in points)
                return counted and job["checkpoints"]["completed"] > 0 and job["lag"] is not None

            assert wait_until(shown, seconds=PATIENCE_S)
            serving = client.get("/data/models").json()["serving"]
            assert {row["shard"] for row in serving} == lane.shards
            written = {found["alert_id"] for found in lane.alerts()}
            assert wait_until(lambda: set(listed(client, limit="500")) == written, seconds=PATIENCE_S)
            assert written
            name = min(written)
            about = client.get(f"/data/alerts/{name}").json()
            history = client.get(f"/data/alerts/{name}/history").json()["rows"]
            known = {row["transaction_id"] for row in table.to_pylist() if row["customer_id"] == about["customer_id"]}
            assert {row["transaction_id"] for row in history} <= known
            (alerted,) = [row for row in history if row["transaction_id"] == about["transaction_id"]] or [None]
            assert alerted is None or alerted["decision"] == about["decision"]
            assert history
    finally:
        lane.cancel()
