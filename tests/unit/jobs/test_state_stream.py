"""State that is exported from some shards and imported into others: nothing is lost, and the same scores follow."""

import json
from pathlib import Path

import numpy as np
import pytest

from jobs.operators.bucketed_map import BucketedMap
from jobs.operators.declared_state import DECLARED_ROUTES, DeclaredState
from jobs.operators.detect_drift import DRIFT_ROUTES, DriftState
from jobs.operators.entity_shard import EntityShard
from jobs.operators.entity_state import ENTITY_ROUTES, EntityState
from jobs.operators.export_state import ExportDrift, ExportShards
from jobs.operators.import_state import ImportDrift
from jobs.operators.shard_state import SHARD_ROUTES, ShardState
from jobs.operators.state_routes import Route
from jobs.record_types import LABELS, STAMP_SHIFT, TRANSACTIONS
from jobs.shards import SHARD_KEYS, customer_bucket
from jobs.state_files import CUSTOMERS, read_unprocessed, state_file
from jobs.state_jobs import names_of_shards
from models.drift.signals import SIGNALS
from producers.encoding import encode_labels, encode_transactions
from schemas.position import position
from schemas.registry import FileRegistry
from tests.unit.jobs.job_configs import job_config
from tests.unit.jobs.operator_in_memory import Context, MapState, OperatorInMemory, ValueState
from tests.unit.jobs.state_stream import export, imported, markers, micro_batch, process
from tests.unit.training.histories import artifact_folder, history

ROWS, SIZE = 1_200, 50
NOW_MS = 1_800_000_000_000


def handles(state) -> set[str]:
    kinds = MapState | ValueState | BucketedMap | list
    return {name for name, value in vars(state).items() if isinstance(value, kinds)}


@pytest.mark.parametrize(
    ("state", "routes"),
    [
        (ShardState(Context(), "thread"), SHARD_ROUTES),
        (EntityState(Context(), "thread"), ENTITY_ROUTES),
        (DeclaredState(Context(), "thread"), DECLARED_ROUTES),
        (DriftState(Context()), DRIFT_ROUTES),
    ],
)
def test_every_handle_has_a_route_and_its_index_of_expiry_is_one_too(state, routes):
    assert handles(state) == routes.keys()
    for route in routes.values():
        assert (route.newest_ms is None) == (route.expires_on == "")
        assert not route.expires_on or routes[route.expires_on].route is Route.NONE


def by_shard(records, shards: int):
    """Return the records of each shard's key, in order."""
    found = {key: [] for key in SHARD_KEYS[shards]}
    for key, value in records:
        found[SHARD_KEYS[shards][customer_bucket(key.decode()) % shards]].append((key.decode(), value))
    return found


def score(operator: OperatorInMemory, table, shards: int) -> None:
    """Send some of the history, a transaction at a time, so that no number of shards changes the order of events."""
    records = encode_transactions(table, FileRegistry(), "t-value")
    for key, value in records:
        shard = SHARD_KEYS[shards][customer_bucket(key.decode()) % shards]
        operator.send(TRANSACTIONS, [(key.decode(), value)], shard=shard, time_ms=NOW_MS)


def learn(operator: OperatorInMemory, table, shards: int) -> None:
    """Send the labels of some of the history as the job's source does, all of a partition under one key."""
    records = [(key.decode(), value) for key, value in encode_labels(table, FileRegistry(), "l-value")]
    stamps = [(NOW_MS // 1000 << STAMP_SHIFT) + SHARD_KEYS[shards][customer_bucket(key) % shards] for key, _ in records]
    positions = [position(0, operator.sent + number) for number in range(len(records))]
    operator.sent += len(records)
    operator.context.key = SHARD_KEYS[shards][0]
    operator.process((LABELS, [key for key, _ in records], [value for _, value in records], positions, stamps))


def run(operator: OperatorInMemory, start: int, end: int, shards: int) -> None:
    part = history().slice(start, end - start)
    score(operator, part, shards)
    learn(operator, part, shards)


@pytest.mark.parametrize("path", [(2, 8, 4), (8, 1), (1, 2), (4, 128)])
def test_a_job_continues_in_any_number_of_shards_as_if_it_had_not_been_exported(tmp_path, path):
    whole, third = OperatorInMemory(artifact_folder(), shards=path[0]), ROWS // len(path)
    for number in range(len(path)):
        run(whole, number * third, (number + 1) * third, path[0])
    scores, context, sent = {}, None, 0
    for number, shards in enumerate(path):
        if context is not None:
            folder = tmp_path / str(number)
            folder.mkdir()
            export(context, folder, path[number - 1])
            context = imported(folder, shards)
        operator = OperatorInMemory(artifact_folder(), context, shards=shards)
        operator.sent = sent
        run(operator, number * third, (number + 1) * third, shards)
        context, sent = operator.context, operator.sent
        scores |= operator.scores
    assert scores == whole.scores


def test_each_customer_is_in_its_shard_alone_and_all_know_the_same_labels(tmp_path):
    operator = OperatorInMemory(artifact_folder(), shards=2)
    run(operator, 0, 400, 2)
    export(operator.context, tmp_path, 2)
    stored = imported(tmp_path, 8).stored()
    names = {key: set(found) for key, found in stored["histories"].items()}
    assert set().union(*names.values()) == set(history().slice(0, 400)["customer_id"].to_pylist())
    for key, found in names.items():
        assert {SHARD_KEYS[8][customer_bucket(name) % 8] for name in found} == {key}
    offsets = stored["label_offsets"]
    assert set(offsets) == set(SHARD_KEYS[8])
    assert {np.frombuffer(raw, "<i8").tolist()[0] for raw in offsets.values()} == {800}


def test_every_key_that_is_imported_expires(tmp_path):
    operator = OperatorInMemory(artifact_folder(), shards=2)
    run(operator, 0, 400, 2)
    export(operator.context, tmp_path, 2)
    context = imported(tmp_path, 4)
    stored, entities = context.stored(), context.entities.stored()
    records = [
        name for name in entities if name.startswith(("entities_", "entity_labels_")) and name != "entities_expire_on"
    ]
    for state, maps, index in (
        (stored, ("histories", "customer_labels"), "due"),
        (entities, records, "entities_expire_on"),
    ):
        for key in set().union(*(state[name] for name in maps)):
            kept = set().union(*(state[name].get(key, {}) for name in maps))
            due = [name for raw in state[index].get(key, {}).values() for name in json.loads(raw)]
            assert sorted(due) == sorted(kept)


def test_sequence_numbers_of_every_entity_shard_continue_above_all_of_the_exported_ones(tmp_path):
    operator = OperatorInMemory(artifact_folder(), shards=8)
    run(operator, 0, 400, 8)
    given = max(
        EntityShard(EntityState(operator.context.entities, "thread"), 1_000)._engine.next_sequence
        for key in SHARD_KEYS[4]
        if setattr(operator.context.entities, "key", key) is None
    )
    export(operator.context, tmp_path, 8)
    found = imported(tmp_path, 4).entities.stored()["next_sequence"]
    assert {key: int(np.frombuffer(raw, "<i8")[0]) for key, raw in found.items()} == dict.fromkeys(SHARD_KEYS[2], given)


def test_records_of_open_micro_batches_are_noted_and_not_processed(tmp_path):
    operator = OperatorInMemory(artifact_folder(), shards=2)
    run(operator, 0, 100, 2)
    first, other = SHARD_KEYS[2]
    before = {first: [micro_batch(TRANSACTIONS, [position(1, 7), position(0, 9)]), micro_batch(LABELS, [5])],
              other: [micro_batch(LABELS, [6])]}  # fmt: skip
    export(operator.context, tmp_path, 2, before)
    assert read_unprocessed(state_file(tmp_path, CUSTOMERS, 0)) == {
        "transactions": [position(0, 9), position(1, 7)], "labels": [5], "lists": [],
    }  # fmt: skip
    assert read_unprocessed(state_file(tmp_path, CUSTOMERS, 1))["labels"] == [6]


def test_a_shard_is_written_only_when_the_markers_of_all_its_sources_have_come(tmp_path: Path):
    context, key = Context(), SHARD_KEYS[1][0]
    operator = ExportShards(job_config(shards=1), str(tmp_path))
    operator.open(context)
    for batch in markers()[:-2]:
        process(operator, context, key, [batch])
        assert not list(tmp_path.iterdir())
    process(operator, context, key, markers()[-1:])
    assert [file.name for file in tmp_path.iterdir()] == ["customers-000.parquet"]


def test_rules_deployments_lists_and_snoozes_arrive_in_the_shards_that_need_them(tmp_path):
    operator = OperatorInMemory(artifact_folder(), shards=2)
    run(operator, 0, 100, 2)
    states = operator.context.states
    values = ("deployment", "wanted_deployment", "rules", "wanted_rules", "begun")
    for key in SHARD_KEYS[2]:
        operator.context.key = key
        for name in values:
            states[name].update(name.encode())
        states["list_entries"].put("stolen/card", b"entry")
    for name in (f"c{number}" for number in range(40)):
        operator.context.key = SHARD_KEYS[2][customer_bucket(name) % 2]
        states["snoozes"].put(name, name.encode())
    export(operator.context, tmp_path, 2)
    stored = imported(tmp_path, 8).stored()
    for name in values:
        assert stored[name] == dict.fromkeys(SHARD_KEYS[8], name.encode())
    assert stored["list_entries"] == {key: {"stolen/card": b"entry"} for key in SHARD_KEYS[8]}
    found = [(key, name, raw) for key, snoozes in stored["snoozes"].items() for name, raw in snoozes.items()]
    assert sorted(name for _, name, _ in found) == sorted(f"c{number}" for number in range(40))
    for key, name, raw in found:
        assert (SHARD_KEYS[8][customer_bucket(name) % 8], raw) == (key, name.encode())


def test_each_signal_keeps_its_detectors(tmp_path):
    exported, context = Context(), Context()
    detectors = {signal.name: {"page": signal.name.encode(), "part": b"1"} for signal in SIGNALS}
    for exporting in (True, False):
        current = exported if exporting else context
        folder = str(tmp_path)
        operator = ExportDrift(job_config(), folder) if exporting else ImportDrift(job_config(), folder, len(SIGNALS))
        operator.open(current)
        for name, found in detectors.items():
            current.key = name
            if exporting:
                current.states["detectors"].put_all(found)
            assert list(operator.process_element("", current)) == []
    assert context.stored()["detectors"] == detectors


@pytest.mark.parametrize("shards", SHARD_KEYS)
def test_markers_come_to_every_shard_by_names_that_sql_does_not_pad(shards):
    names = names_of_shards(shards)
    assert [customer_bucket(name) % shards for name in names] == list(range(shards))
    assert len({len(name) for name in names}) == 1
