"""`fraudstream monitor` against a real broker."""

import json
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from fraudstream.lifecycle.error_drift import error_drift
from fraudstream.readers.label_watch import LabelWatch
from fraudstream.system.deadline import wait_until
from models.drift.observation import OBSERVATION_SIZE
from models.drift.signals import ERROR
from models.monitoring.label_monitor import LabelMonitor, Matured
from models.scoring.artifact import Artifact
from models.training.metrics import precision_recall
from schemas.avro_schemas import SCORE
from schemas.codec import RecordCodec
from schemas.durations import DAY_MS
from schemas.registry import value_subject
from schemas.wall_clock import utc
from tests.integration.expected import card_world
from tests.integration.scoring_lane import Lane
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.integration

HORIZON_DAYS = 8
NOON_MS = 1_767_614_400_000
ROWS = 3_000


def send_scores(lane: Lane, table: pa.Table, scores: np.ndarray) -> None:
    topic = lane.topics.scores
    codec = RecordCodec(SCORE, value_subject(topic), lane.registry)
    rows = table.select(["transaction_id", "customer_id", "event_time"]).to_pylist()
    records = [
        {
            **row,
            "scored_at": utc(0),
            "score": float(score),
            "decision": "REVIEW" if score >= 0.5 else "APPROVE",
            "model_id": "fraud-1",
            "feature_spec_hash": "0",
            "shard": 0,
            "label_offsets": [],
        }
        for row, score in zip(rows, scores, strict=True)
    ]
    lane.send_raw([(record["customer_id"].encode(), codec.encode(record)) for record in records], topic)


@pytest.fixture
def fed(open_lane: Callable[..., Lane]) -> tuple[Lane, pa.Table, np.ndarray]:
    """Return a lane with scores and labels in several partitions, and the sent tables."""
    lane, table = open_lane(), card_world(ROWS, customers=60)
    rng = np.random.default_rng(1)
    scores = (rng.random(ROWS) * 0.6 + 0.4 * table["is_fraud"].to_numpy() * rng.random(ROWS)).astype(np.float32)
    send_scores(lane, table, scores)
    lane.send_labels(table)
    lane.send_raw([(b"c", b"no score")], lane.topics.scores)
    return lane, table, scores


def expected(table: pa.Table, scores: np.ndarray) -> tuple[int, float, float]:
    """Return the number of labelled mature transactions at the end, and their precision and recall."""
    event, known = (table[name].cast(pa.int64()).to_numpy() for name in ("event_time", "label_time"))
    horizon_ms = HORIZON_DAYS * DAY_MS
    counts = (event <= event.max() - horizon_ms) & (known <= event + horizon_ms)
    return int(counts.sum()), *precision_recall(table["is_fraud"].to_numpy()[counts], scores[counts], 0.5)


def test_figures_of_a_backlog_equal_those_of_the_whole_table(fed, monkeypatch):
    lane, table, scores = fed
    settings = lane.settings
    monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", str(settings.state.root))
    for name in ("scores", "labels"):
        monkeypatch.setenv(f"FRAUDSTREAM_TOPICS__{name.upper()}", getattr(lane.topics, name))
    line = ["monitor", "--once", "--json", "--interval", "0.2", "--horizon-days", str(HORIZON_DAYS)]
    done = CliRunner().invoke(cli.app, line)
    assert done.exit_code == 0, done.exception
    last = json.loads(done.stdout.splitlines()[-1])
    (model,) = last["models"]
    matured, precision, recall = expected(table, scores)
    assert model["model_id"] == "fraud-1"
    assert model["matured"] == matured
    assert (last["undecodable"], last["dropped"]) == (1, 0)
    assert model["precision"] == pytest.approx(precision)
    assert model["recall"] == pytest.approx(recall)


def test_jump_of_the_error_is_written_to_the_drift_topic(open_lane: Callable[..., Lane], artifact: Artifact):
    lane, model_id = open_lane(), artifact.manifest.model_id
    with error_drift(lane.broker) as on_matured:
        for number in range(60 * OBSERVATION_SIZE):
            fraud = number % 50 == 0
            score = 0.9 if fraud and number < 40 * OBSERVATION_SIZE else 0.01
            on_matured(Matured(model_id=model_id, event_time_ms=NOON_MS + number, score=score, is_fraud=fraud))
    found = [item for item in lane.drifts() if item["detector"] != "PSI"]
    assert found
    assert {(item["record_key"], item["signal"], item["model_id"]) for item in found} == {(ERROR, ERROR, model_id)}
    assert all(item["observed"] > item["expected"] for item in found)


def test_sampled_customers_are_monitored_with_all_their_transactions(fed):
    lane, table, _ = fed
    monitor = LabelMonitor(horizon_ms=1_000 * DAY_MS)
    with LabelWatch(lane.broker, monitor, share=0.3) as watch:
        assert wait_until(lambda: watch.caught_up, seconds=PATIENCE_S)
    assert 0.15 * len(table) < monitor.waiting < 0.5 * len(table)
