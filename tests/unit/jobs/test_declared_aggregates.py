"""Declared aggregates through the job's operators."""

from functools import cache

import numpy as np
import pyarrow as pa
import pytest

from jobs.lanes import Lanes
from jobs.operators.entity_batch import EntityBatch, decode_entity_batches
from jobs.operators.packed import unpack
from jobs.record_types import QUERIES, TRANSACTIONS
from jobs.shards import SHARD_KEYS
from models.declared.declared_engine import tracker_of
from models.features.entities.entity_events import entity_events_and_units
from models.features.entities.entity_tracker import EntityTracker
from models.features.row_columns import names_with
from models.features.table import FEATURE_NAMES, FEATURES
from models.scoring.history_scorer import HistoryScorer
from models.scoring.loaded_model import LoadedModel
from models.scoring.served_models import ServedModels
from models.scoring.transaction_scorer import TransactionScorer
from schemas.avro_schemas import FEATURE_QUERY, INFERENCE
from schemas.codec import RecordCodec
from schemas.columns import TRANSACTION_ARROW
from schemas.declaration.with_declared import with_declared
from schemas.registry import FileRegistry
from tests.records import transaction
from tests.unit.jobs import state_stream
from tests.unit.jobs.declared_records import NOW_MS, records
from tests.unit.jobs.operator_in_memory import OperatorInMemory, batches
from tests.unit.training.aggregate_histories import NAMES, declaration, folder, model
from tests.unit.training.declared_histories import with_columns
from tests.unit.training.histories import artifact, history

ROWS = 600
OWN = slice(-len(NAMES), None)
(SHARD, *_) = SHARD_KEYS[1]


def operator(**changes):
    model()
    config = {"shards": 1, "feature_log_share": 1.0, "declaration": declaration().to_dict(), **changes}
    return OperatorInMemory(folder() / "model", **config)


@cache
def table():
    whole = with_columns(history().slice(0, ROWS), seed=3)
    return whole.select(with_declared(TRANSACTION_ARROW, declaration()).names)


@cache
def offline():
    (batch,) = table().combine_chunks().to_batches()
    return HistoryScorer(model()).score(batch)


def send(job, size, begin=0, end=ROWS):
    for batch in batches(records(declaration(), table().slice(begin, end - begin)), size):
        job.send(TRANSACTIONS, batch, shard=SHARD, time_ms=NOW_MS)


def logged(job):
    """Return the logged features of each transaction, and its sequence numbers."""
    codec = RecordCodec(INFERENCE, "", FileRegistry())
    found = [codec.decode(payload) for name, _, payload in job.emitted if name == "fraud.inference.v1"]
    return {item["transaction_id"]: (item["features"], item["entity_sequences"]) for item in found}


def features(job):
    found = logged(job)
    return np.array([found[name][0] for name in table()["transaction_id"].to_pylist() if name in found], np.float32)


def test_features_take_part():
    assert [len(np.unique(column)) > 1 for column in offline().x[:, OWN].T] == [True] * len(NAMES)


@pytest.mark.parametrize(("size", "entity_shards", "parallelism"), [(1, 1, 1), (53, 4, 2), (ROWS, 8, 8)])
def test_features_and_scores_are_those_of_the_history_scorer(size, entity_shards, parallelism):
    job = operator(shards=max(1, entity_shards), parallelism=parallelism)
    send(job, size)
    assert job.scores == dict(zip(table()["transaction_id"].to_pylist(), offline().scores.tolist(), strict=True))
    assert features(job).tobytes() == offline().x.tobytes()
    assert {len(sequences) for _, sequences in logged(job).values()} == {4}, "merchant, device, ip, customer"
    alert = job.of("fraud.alerts.v1")[0]
    assert alert["features"].keys() == set(names_with(model().row_columns))
    assert len(alert["entity_sequences"]) == 4


def test_a_restored_job_goes_on():
    job = operator()
    send(job, 50, end=200)
    restored = operator(context=job.context)
    send(restored, 50, begin=200)
    assert features(restored).tobytes() == offline().x[200:].tobytes()


def test_exported_state_goes_on_in_a_job_of_other_shards(tmp_path):
    job = operator(shards=8)
    send(job, 50, end=300)
    own = {"declaration": declaration().to_dict()}
    state_stream.export(job.context, tmp_path, 8, **own)
    context = state_stream.imported(tmp_path, 2, **own)
    new = operator(shards=2, context=context)
    send(new, 50, begin=300)
    assert features(new)[:, OWN].tobytes() == offline().x[300:, OWN].tobytes()


def test_exported_state_is_read_by_a_job_without_aggregates(tmp_path):
    job = operator(shards=8)
    send(job, 50, end=300)
    state_stream.export(job.context, tmp_path, 8, declaration=declaration().to_dict())
    context = state_stream.imported(tmp_path, 2)
    assert not [name for name in context.entities.states if name.startswith("declared")]
    assert any(context.entities.stored()[f"entities_{part}"] for part in range(16))


def test_a_query_is_answered_with_the_features_of_entities_that_it_has():
    job = operator()
    send(job, 50, end=300)
    last = table().slice(299, 1).to_pylist()[0]
    query = {**transaction(1), "query_id": "q", "customer_id": last["customer_id"], "event_time": last["event_time"]}
    payload = RecordCodec(FEATURE_QUERY, "q-value", FileRegistry()).encode(query)
    held = job.context.entities.stored()
    job.send(QUERIES, [(last["customer_id"], payload)], shard=SHARD, time_ms=NOW_MS)
    (answer,) = job.of("fraud.features.v1")
    assert answer["features"].keys() == {*FEATURE_NAMES, *NAMES}
    rows = [*table().slice(0, 300).to_pylist(), {**query, "transaction_id": "q"}]
    (batch,) = pa.Table.from_pylist(rows, table().schema).combine_chunks().to_batches()
    expected = HistoryScorer(model()).score(batch).x[-1, OWN]
    assert [answer["features"][name] for name in NAMES] == expected.tolist()
    assert answer["features"]["ip_cards_24h"] == -1, "queries have no declared columns"
    assert job.context.entities.stored() == held


def test_a_challenger_reads_aggregates_that_the_champion_does_not_know():
    (batch,) = table().combine_chunks().to_batches()
    models = (LoadedModel.of(artifact()), LoadedModel.of(model()))
    scorer = TransactionScorer(ServedModels(models=models, shares=(0.0,)), load=None)
    entities = EntityTracker(declared=tracker_of(model().row_columns)).advance(batch)
    (challenger,) = scorer.score(batch, entities=entities).ensemble_scores.challenger_scores
    assert challenger.x[:, OWN].tobytes() == offline().x[:, OWN].tobytes()
    assert scorer.preview(batch, entities=entities).shape == (ROWS, len(FEATURES))


def test_blobs_of_a_job_without_declared_features_have_core_events_alone():
    (batch,) = table().slice(0, 9).combine_chunks().to_batches()
    ((_, blob),) = EntityBatch(*entity_events_and_units(batch)).by_lane(
        lambda keys: Lanes([SHARD], 1).parts(np.zeros(len(keys), np.int64))
    )
    assert len(unpack(blob)) == 3
    ((shard, found),) = decode_entity_batches(blob)
    assert (shard, found.declared) == (SHARD, [])


def test_lanes_with_declared_events_alone_reply():
    job = operator(shards=8, parallelism=8)
    anonymous = table().slice(0, 1)
    at = anonymous.column_names.index("device_id")
    anonymous = anonymous.set_column(at, "device_id", pa.array([None], pa.string()))
    job.send(TRANSACTIONS, records(declaration(), anonymous), shard=SHARD, time_ms=NOW_MS)
    assert len(job.scores) == 1
