"""Queries for features, without Flink."""

from types import SimpleNamespace

import numpy as np
import pytest

from jobs.operators.feature_answers import FeatureAnswers
from jobs.operators.query_reader import QueryReader
from models.features.entities.entity_events import entity_events
from models.features.entities.entity_inputs import EntityInputs
from models.features.table import FEATURE_NAMES, spec_hash
from schemas.avro_schemas import FEATURE_ANSWER, FEATURE_QUERY
from schemas.codec import RecordCodec
from schemas.registry import FileRegistry
from tests.records import NOON_MS, transaction
from tests.unit.jobs.job_configs import job_config

QUERIES = RecordCodec(FEATURE_QUERY, "q-value", FileRegistry())
ANSWERS = RecordCodec(FEATURE_ANSWER, "a-value", FileRegistry())


def query(**change):
    return QUERIES.encode({**transaction(1), "query_id": "q", "customer_id": "c", "event_time": NOON_MS, **change})


def answers(key, payload):
    seen = []

    def preview(record, _entities):
        seen.append(record.to_pylist()[0])
        return np.arange(len(FEATURE_NAMES), dtype=np.float32)[np.newaxis]

    shard = SimpleNamespace(key=7, label_offsets=[3], preview=preview)
    config, now_ms = job_config(), NOON_MS + 5
    queries = QueryReader(config, FileRegistry(), entity_events).read([key], [payload], now_ms)
    entities = EntityInputs.missing(len(queries))
    rows = list(FeatureAnswers(config, FileRegistry()).to(shard, queries, entities, now_ms))
    return [ANSWERS.decode(payload) for row in rows for payload in row[2]], seen


def test_a_query_is_answered_with_every_feature_of_that_transaction():
    (answer,), (previewed,) = answers("c", query())
    assert answer["features"] == {name: float(index) for index, name in enumerate(FEATURE_NAMES)}
    assert (answer["query_id"], answer["customer_id"], answer["shard"], answer["label_offsets"]) == ("q", "c", 7, [3])
    assert answer["feature_spec_hash"] == spec_hash()
    assert (previewed["transaction_id"], previewed["customer_id"]) == ("q", "c")


@pytest.mark.parametrize(
    ("key", "payload"),
    [
        ("other", query()),
        (None, query()),
        ("c", b""),
        ("c", b"nonsense"),
        ("c", query()[:-3]),
        ("c", query(query_id="q" * 300)),
        ("c", query(event_time=-1)),
        ("c", query(event_time=NOON_MS * 10)),
        ("c", query(latitude=91.0, longitude=0.0)),
        ("c", query() + bytes(70_000)),
    ],
)
def test_record_that_is_no_query_is_skipped(key, payload):
    assert answers(key, payload) == ([], [])
