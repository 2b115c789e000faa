"""The trigger of `fraudstream retrain` against a real broker; no job runs."""

import threading
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from fraudstream.control.control_topic import read_deployment
from fraudstream.control.model_events import REFUSED
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.registry_access import registry_of
from fraudstream.kafka.topics import create_topics
from fraudstream.lifecycle.gate_checks import check_gates
from fraudstream.lifecycle.model_registry import ModelRegistry
from fraudstream.lifecycle.model_version import CHAMPION
from fraudstream.lifecycle.promotion import Promotion, audit_log
from fraudstream.lifecycle.retrain_schedule import RetrainSchedule
from fraudstream.lifecycle.retrain_trigger import RetrainTrigger
from fraudstream.lifecycle.retraining import Retrained, Retraining
from fraudstream.settings.settings import Settings, load_settings
from fraudstream.system.deadline import wait_until
from jobs.shards import SHARD_KEYS
from producers.publisher import Publisher
from producers.replay import replay, replay_labels
from schemas.avro_schemas import DRIFT, MODEL_EVENT, SCORE
from schemas.codec import RecordCodec
from schemas.deployment import Deployment
from schemas.registry import value_subject
from schemas.wall_clock import utc
from tests.patience import PATIENCE_S
from tests.unit.training.histories import customer_folder, history

pytestmark = pytest.mark.integration

TOPICS = ("transactions", "labels", "scores", "control", "drift", "model_events", "shadow")
PLAN = {"window_days": 20, "horizon_days": 4, "collect_days": 8, "shadow_timeout_s": 0}
NOW_S = 1_800_000_000.0
_numbers = count(1)


@pytest.fixture
def settings(lone_broker: Path, tmp_path: Path) -> Settings:
    """Return settings with new topics of `history` and its labels, and a new registry."""
    number = next(_numbers)
    servers = Broker.of(load_settings(paths={"state": lone_broker})).bootstrap_servers
    found = load_settings(
        paths={"state": tmp_path / "state"},
        kafka={"bootstrap_servers": servers},
        topics={name: f"retrain.{name}.{number}" for name in TOPICS},
        model={"artifact": customer_folder()},
        retrain=PLAN,
    )
    create_topics(Broker.of(found))
    with Publisher(servers) as publisher:
        replay(history(), publisher, found.topics.transactions, registry_of(found))
        replay_labels(history(), publisher, found.topics.labels, registry_of(found))
        publisher.flush()
    return found


def send(settings: Settings, topic: str, kind: str, record: dict[str, Any]) -> None:
    codec = RecordCodec(kind, value_subject(topic), registry_of(settings))
    with Publisher(Broker.of(settings).bootstrap_servers) as publisher:
        publisher.publish([(b"k", codec.encode(record))], topic)
        publisher.flush()


def send_drift(settings: Settings, event_time: datetime) -> None:
    record = {
        "drift_id": "d1", "signal": "amount", "detector": "PSI", "detected_at": event_time, "event_time": event_time,
        "observation": 7, "estimate": 0.02, "observed": 0.05,
    }  # fmt: skip
    send(settings, settings.topics.drift, DRIFT, record)


def send_score(settings: Settings, event_time: datetime) -> None:
    """Send the score of a transaction, whose event time is the progress of the stream."""
    record = {
        "transaction_id": "t", "customer_id": "c", "event_time": event_time, "scored_at": utc(0), "score": 0.0,
        "decision": "APPROVE", "model_id": "m", "feature_spec_hash": "0", "shard": 0, "label_offsets": [],
    }  # fmt: skip
    send(settings, settings.topics.scores, SCORE, record)


class Running:
    """A trigger in a thread, with its retrainings."""

    def __init__(self, settings: Settings) -> None:
        broker = Broker.of(settings)
        retraining = Retraining(settings, ModelRegistry(settings), broker, answer_s=0)
        self.found: list[Retrained] = []
        self.drifts: list[dict[str, Any]] = []

        def retrain(reason: str) -> Retrained:
            self.found.append(retraining.run(reason))
            return self.found[-1]

        self.schedule = RetrainSchedule(settings.retrain, settings.state.models / "schedule.json", NOW_S)
        self._trigger = RetrainTrigger(Broker.of(settings), self.schedule, retrain, on_drift=self.drifts.append)
        self._thread = threading.Thread(target=self._trigger.run)

    def __enter__(self) -> "Running":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._trigger.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()


def test_drift_leads_to_a_promoted_model_once_its_days_are_mature_even_over_a_restart(settings):
    start, newest = (getattr(pc, which)(history()["event_time"]).as_py() for which in ("min", "max"))
    drift_at = start + timedelta(days=14)
    send_drift(settings, drift_at)
    with Running(settings) as running:
        assert wait_until(lambda: bool(running.drifts), seconds=PATIENCE_S)
    assert running.found == []
    send_score(settings, newest)
    with Running(settings) as running:
        assert wait_until(lambda: running.schedule.state.learned_until_ms > 0, seconds=120)
    (found,) = running.found
    assert found.end == "promoted"
    assert found.reason == f"PSI saw amount drift at {drift_at:%Y-%m-%d %H:%M} UTC"
    assert running.drifts == []  # it was read and stored
    champion = ModelRegistry(settings).alias(CHAMPION)
    deployed = published(settings)
    assert champion is not None
    assert deployed is not None
    assert champion.model_id == deployed.champion.model_id == found.model_id
    assert set(found.answers.values()) == {"NO ANSWER"}
    assert found.unlabelled == 0


class Job:
    """Stand-in for the job, whose shards refuse every deployment with another champion than the trusted model."""

    def __init__(self, settings: Settings, trusted: str | None) -> None:
        self._settings, self._trusted = settings, trusted
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._answer)

    def __enter__(self) -> "Job":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _answer(self) -> None:
        answered = ""
        while not self._stopping.wait(0.1):
            deployed = published(self._settings)
            if deployed is None or deployed.deployment_id == answered or deployed.champion.model_id == self._trusted:
                continue
            answered = deployed.deployment_id
            for shard in SHARD_KEYS[self._settings.job.shards]:
                event = {
                    "deployment_id": answered, "shard": shard, "at": utc(0), "kind": REFUSED,
                    "model_id": deployed.champion.model_id, "challengers": [], "detail": "a test", "took_ms": None,
                }  # fmt: skip
                send(self._settings, self._settings.topics.model_events, MODEL_EVENT, event)


def published(settings: Settings) -> Deployment | None:
    return read_deployment(Broker.of(settings))


def retrained(settings: Settings) -> Retrained:
    """Retrain with gates that pass every model."""
    limits = {"max_decision_changes": 1.0, "max_ap_drop": 1.0, "max_latency_us": 1e6}
    lenient = settings.model_copy(update={"gates": settings.gates.model_copy(update=limits)})
    broker = Broker.of(settings)
    return Retraining(lenient, ModelRegistry(settings), broker).run("a test")


def test_model_refused_by_the_job_is_rolled_back_and_not_kept_as_a_challenger(settings):
    registry = ModelRegistry(settings)
    first, _ = registry.push(customer_folder())
    Promotion(settings, registry, None).promote(check_gates(registry, first, settings), reason="the first")
    with Job(settings, trusted=first.model_id):
        found = retrained(settings)
    assert (found.end, set(found.answers.values())) == ("refused by the job", {REFUSED})
    assert found.model_id != first.model_id
    serving = Promotion(settings, registry, None).serving()
    assert (serving.champion, serving.challenger) == (first.version, None)
    deployed = published(settings)
    assert deployed is not None
    assert (deployed.champion.model_id, deployed.challengers) == (first.model_id, ())
    actions = [entry.action for entry in audit_log(settings).entries()]
    assert actions == ["promote", "shadow", "promote", "rollback", "rollback"]


def test_first_model_refused_by_the_job_has_nothing_to_roll_back_to(settings):
    with Job(settings, trusted=None):
        found = retrained(settings)
    assert (found.end, set(found.answers.values())) == ("refused by the job", {REFUSED})
