"""Records that the model commands write to and read from a real broker, without a job."""

import json
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from fraudstream.control.control_topic import read_deployment
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.registry_access import registry_of
from fraudstream.kafka.topics import create_topics
from fraudstream.observe.notices.notices import Notices
from fraudstream.observe.notices.notifier import Notifier
from fraudstream.readers.alert_share import AlertShare
from fraudstream.settings.settings import NoticeSettings, Settings, load_settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import NotReady
from jobs.job_config import JobConfig
from jobs.operators.inference_log import InferenceLog
from jobs.operators.outputs import Outputs
from models.scoring.artifact import load_artifact
from models.scoring.history_scorer import HistoryScorer
from producers.publisher import Publisher
from schemas.avro_schemas import ALERT, DRIFT, MODEL_EVENT
from schemas.codec import RecordCodec
from schemas.columns import TRANSACTION_ARROW
from schemas.registry import value_subject
from schemas.topics import Topics
from tests.integration.expected import card_world
from tests.patience import PATIENCE_S
from tests.records import NOON
from tests.unit.training.histories import artifact, artifact_folder, history_file
from tests.unit.training.other_models import better_folder
from tests.webhook_receiver import WebhookReceiver, webhook_receiver

pytestmark = pytest.mark.integration

ROWS = 3_000
_numbers = count(1)


@pytest.fixture
def settings(lone_broker: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Point the command line at the broker, with new topics and a registry of its own."""
    number = next(_numbers)
    servers = Broker.of(load_settings(paths={"state": lone_broker})).bootstrap_servers
    monkeypatch.setenv("FRAUDSTREAM_KAFKA__BOOTSTRAP_SERVERS", servers)
    monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", str(tmp_path / "state"))
    monkeypatch.setenv("FRAUDSTREAM_MODEL__ARTIFACT", str(artifact_folder()))
    for name in ("alerts", "scores", "inference", "control", "drift", "model_events"):
        monkeypatch.setenv(f"FRAUDSTREAM_TOPICS__{name.upper()}", f"{name}.{number}")
    found = load_settings()
    create_topics(Broker.of(found))
    return found


def run(*arguments: object) -> tuple[int, Any]:
    done = CliRunner().invoke(cli.app, [*map(str, arguments), "--json"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, json.loads(done.stdout)


def published(settings: Settings):
    return read_deployment(Broker.of(settings))


def test_promotion_shadow_and_rollback_reach_the_control_topic(settings):
    for folder in (artifact_folder(), better_folder()):
        run("model", "push", folder)
    _, first = run("model", "promote", 1, "--reason", "the first")
    assert published(settings).deployment_id == first["decision_id"]
    assert load_artifact(Path(published(settings).champion.location)) == artifact()
    run("model", "shadow", 2, "--share", 0.25)
    (challenger,) = published(settings).challengers
    assert (challenger.share, challenger.model_id) == (0.25, load_artifact(better_folder()).manifest.model_id)
    _, second = run("model", "promote", "challenger", "--on", history_file(), "--reason", "better")
    deployment = published(settings)
    assert (deployment.champion.model_id, deployment.challengers) == (challenger.model_id, ())
    assert deployment.champion.sha256 == load_artifact(better_folder()).manifest.onnx_sha256
    assert (deployment.reason, deployment.changed_by) == ("better", second["by"])
    _, undone = run("model", "rollback")
    assert published(settings).deployment_id == undone["decision_id"]
    assert published(settings).champion.model_id == artifact().manifest.model_id
    assert published(settings).challengers == (challenger,)


def test_decision_made_without_a_broker_is_published_by_redeploy(settings):
    run("model", "push", artifact_folder())
    _, decided = run("model", "promote", 1, "--no-publish")
    assert published(settings) is None
    run("model", "redeploy")
    assert published(settings).deployment_id == decided["decision_id"]


@pytest.fixture
def alerts(settings: Settings) -> list[dict[str, Any]]:
    """Send the alerts of some transactions and the inference records of half of them, as the operator makes both."""
    config = JobConfig(
        bootstrap_servers="b:1", model="m", checkpoint_dir="file:///c", feature_log_share=0.5, emit_scores=False,
        topics=Topics(alerts=settings.topics.alerts, inference=settings.topics.inference),
    )  # fmt: skip
    registry = registry_of(settings)
    records = card_world(ROWS).select(TRANSACTION_ARROW.names).combine_chunks().to_batches()[0]
    scored = HistoryScorer(artifact()).score(records)
    now = 1_770_000_000_000
    rows = [
        *Outputs(config, artifact(), registry).decisions(records, scored, np.arange(ROWS), 4, (1, 2), now),
        *InferenceLog(config, artifact().manifest, registry).sample(records, scored, np.arange(ROWS), 4, (1, 2), now),
    ]
    codec = RecordCodec(ALERT, value_subject(settings.topics.alerts), registry)
    sent = []
    with Publisher(Broker.of(settings).bootstrap_servers) as publisher:
        for topic, keys, payloads in rows:
            publisher.publish([(key.encode(), some) for key, some in zip(keys, payloads, strict=True)], topic)
            sent += [codec.decode(some) for some in payloads] if topic == settings.topics.alerts else []
        publisher.flush()
    return sent


def test_alert_is_scored_again_to_the_same_score_with_its_reasons(alerts):
    logged = 0
    for alert in alerts[:6]:
        code, explained = run("explain", alert["alert_id"])
        assert (code, explained["same"], explained["score_again"]) == (0, True, alert["score"])
        assert [reason["code"] for reason in explained["reasons"]] == [reason["code"] for reason in alert["reasons"]]
        assert {part["feature"]: part["value"] for part in explained["features"]} == alert["features"]
        if explained["logged"]:
            logged += 1
            assert explained["logged"]["transaction_id"] == alert["transaction_id"]
            assert explained["logged"]["label_offsets"] == [1, 2]
    assert 0 < logged < 6


def test_alert_of_a_promoted_model_is_explained_by_that_model(alerts, monkeypatch):
    run("model", "push", artifact_folder())
    run("model", "promote", 1)
    monkeypatch.setenv("FRAUDSTREAM_MODEL__ARTIFACT", str(better_folder()))
    assert run("explain", alerts[0]["alert_id"])[0] == 0
    code, explained = run("explain", alerts[0]["alert_id"], "--model", better_folder())
    assert (code, explained["same"]) == (1, False)


def test_unknown_alert_is_reported_with_the_topic_that_was_searched(settings):
    with pytest.raises(NotReady, match=settings.topics.alerts):
        run("explain", "00000000-0000-5000-8000-000000000000")


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as server:
        yield server


def send(settings: Settings, topic: str, kind: str, *records: dict[str, Any]) -> None:
    codec = RecordCodec(kind, value_subject(topic), registry_of(settings))
    with Publisher(Broker.of(settings).bootstrap_servers) as publisher:
        publisher.publish([(b"k", codec.encode(record)) for record in records], topic)
        publisher.flush()


def drift(number: int) -> dict[str, Any]:
    return {
        "drift_id": f"d{number}", "signal": "score", "detector": "ADWIN", "detected_at": NOON, "event_time": NOON,
        "observation": 7, "estimate": 0.02, "observed": 0.05,
    }  # fmt: skip


def refusal(deployment: str, shard: int) -> dict[str, Any]:
    return {
        "deployment_id": deployment, "shard": shard, "at": NOON, "kind": "REFUSED", "model_id": "m", "challengers": [],
        "detail": "expected another SHA-256", "took_ms": 3,
    }  # fmt: skip


def notified(settings: Settings, receiver: WebhookReceiver, requests: int) -> list[str]:
    """Run a notifier until the receiver has this many requests; return the ids of all, failed ones included."""
    notices = Notices(NoticeSettings(webhook_url=SecretStr(receiver.url), attempts=1))
    notifier = Notifier(Broker.of(settings), notices, pause_s=0.1, from_start=True)
    thread = threading.Thread(target=notifier.run)
    thread.start()
    try:
        assert wait_until(lambda: len(receiver.came) >= requests, seconds=PATIENCE_S)
    finally:
        notifier.stop()
        thread.join(PATIENCE_S)
    assert not thread.is_alive()
    return [headers["webhook-id"] for headers, _ in receiver.came]


def test_notifier_retries_a_failing_receiver_and_sends_each_notice_once(settings, receiver):
    receiver.answers = [503, 503]
    send(settings, settings.topics.drift, DRIFT, drift(1), drift(1), drift(2))
    # Each shard refuses it; the other deployment's refusal comes last, so all three were read.
    refusals = [*(refusal("x", shard) for shard in (2, 4, 6)), refusal("y", 2)]
    send(settings, settings.topics.model_events, MODEL_EVENT, *refusals)
    delivered = notified(settings, receiver, 2 + 4)[2:]
    assert sorted(delivered) == ["msg_d1", "msg_d2", "msg_refused_x", "msg_refused_y"]
    send(settings, settings.topics.drift, DRIFT, drift(3))
    assert notified(settings, receiver, 7)[6:] == ["msg_d3"]


def test_jump_of_the_alert_rate_is_detected_from_the_offsets_of_the_topics(settings):
    share = AlertShare(Broker.of(settings))

    def window(scores: int, alerts: int):
        with Publisher(Broker.of(settings).bootstrap_servers) as publisher:
            publisher.publish([(b"k", b"score")] * scores, settings.topics.scores)
            publisher.publish([(b"k", b"alert")] * alerts, settings.topics.alerts)
            publisher.flush()
        return share.poll()

    assert not any(window(2_000, 20) for _ in range(8))
    jump = window(2_000, 80)
    assert (jump.share, jump.usual, jump.transactions) == (0.04, 0.01, 2_000)
