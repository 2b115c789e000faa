"""One record makes a stage of the job fail by an injected fault; all other records are processed as usual."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from jobs.operators import label_log, label_reader
from jobs.operators.entity_state import LABEL_BUCKETS
from jobs.operators.inference_log import InferenceLog
from jobs.operators.outputs import Outputs
from jobs.operators.shard_state import StateAccessError
from jobs.record_types import LABELS, QUERIES, TRANSACTIONS
from models.drift.observer import Observer
from models.features.engine import FeatureEngine
from models.features.hashing import hash_column, hash_pairs
from models.features.history import HistoryVersionError
from models.features.table import FEATURE_NAMES
from models.rules.rule_engine import RuleEngine
from models.scoring.model import OnnxModel
from producers.encoding import encode_labels
from schemas.avro_schemas import FEATURE_QUERY
from schemas.batch_decoder import BatchDecoder
from schemas.codec import RecordCodec
from schemas.registry import FileRegistry
from schemas.wall_clock import now_ms
from tests.unit.jobs.operator_in_memory import PARTS, Context, OperatorInMemory, batches
from tests.unit.jobs.shard_transactions import ROWS, SHARD, SIZE, transactions
from tests.unit.training.histories import customer_folder, history

CULPRITS = {3, 4, 5, 60, 149, 150, 399}

Fault = Callable[[Any], Any]


def ids(rows: set[int]) -> set[str]:
    names = history().column("transaction_id").to_pylist()
    return {names[row] for row in rows}


def in_records(monkeypatch, owner: Any, name: str, index: int, culprits: set[str], fail: Fault) -> None:
    """Make a function fail if the argument at an index is a batch with a culprit in it."""
    was = getattr(owner, name)

    def failing(*arguments: Any, **named: Any) -> Any:
        records = arguments[index]
        if not culprits.isdisjoint(records.column("transaction_id").to_pylist()):
            fail(records)
        return was(*arguments, **named)

    monkeypatch.setattr(owner, name, failing)


def refuse(_records: Any) -> None:
    raise ArithmeticError("not this one")


def advance_first(monkeypatch, culprits: set[str]) -> None:
    """Fail after the in-memory histories were advanced."""
    was = FeatureEngine.remember
    seen: list[Any] = []
    advance = FeatureEngine.advance

    def noting(self: Any, records: Any, *rest: Any) -> Any:
        seen[:] = [records]
        return advance(self, records, *rest)

    def failing(self: Any, *arguments: Any) -> Any:
        if not culprits.isdisjoint(seen[0].column("transaction_id").to_pylist()):
            raise ArithmeticError("not this one")
        return was(self, *arguments)

    monkeypatch.setattr(FeatureEngine, "advance", noting)
    monkeypatch.setattr(FeatureEngine, "remember", failing)


def observing(monkeypatch, culprits: set[str]) -> None:
    was, write = Observer.observe, InferenceLog.sample
    seen: list[Any] = []

    def noting(self: Any, records: Any, *rest: Any) -> Any:
        seen[:] = [records]
        return write(self, records, *rest)

    def failing(self: Any, *arguments: Any) -> Any:
        if not culprits.isdisjoint(seen[0].column("transaction_id").to_pylist()):
            raise ArithmeticError("not this one")
        return was(self, *arguments)

    monkeypatch.setattr(InferenceLog, "sample", noting)
    monkeypatch.setattr(Observer, "observe", failing)


def decoding(monkeypatch, culprits: set[str]) -> None:
    was = BatchDecoder.decode
    codes = [name.encode() for name in culprits]

    def failing(self: Any, keys: Any, payloads: Any, times: Any) -> Any:
        if any(code in payload for code in codes for payload in payloads):
            raise ArithmeticError("not this one")
        return was(self, keys, payloads, times)

    monkeypatch.setattr(BatchDecoder, "decode", failing)


STAGES = {
    "decoding": decoding,
    "features": lambda patch, names: in_records(patch, FeatureEngine, "advance", 1, names, refuse),
    "features, once they are advanced": advance_first,
    "scores and alerts": lambda patch, names: in_records(patch, Outputs, "decisions", 1, names, refuse),
    "inference log": lambda patch, names: in_records(patch, InferenceLog, "sample", 1, names, refuse),
    "drift": observing,
}


def run(records: list[tuple[str, bytes]], size: int = SIZE, context: Context | None = None) -> OperatorInMemory:
    operator = OperatorInMemory(customer_folder(), context)
    for some in batches(records, size):
        operator.send(TRANSACTIONS, some, shard=SHARD, time_ms=now_ms())
    return operator


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("size", [1, SIZE, ROWS])
def test_other_records_are_scored_as_if_culprits_had_never_arrived(monkeypatch, stage, size):
    expected = run([item for row, item in enumerate(transactions()) if row not in CULPRITS])
    STAGES[stage](monkeypatch, ids(CULPRITS))
    found = run(transactions(), size)
    assert found.scores == expected.scores
    stored, required = found.stored(), expected.stored()
    # The batch in which a customer became known shows only in the number of an entry.
    assert [stored.pop(name).keys() for name in ("due",)] == [required.pop(name).keys() for name in ("due",)]
    assert stored == required
    assert len(found.of("fraud.alerts.v1")) == len(expected.of("fraud.alerts.v1"))


@pytest.mark.parametrize("stage", STAGES)
def test_culprit_is_a_dead_letter_with_its_bytes_position_and_error(monkeypatch, stage):
    STAGES[stage](monkeypatch, ids(CULPRITS))
    operator = run(transactions())
    letters = {letter["offset"]: letter for letter in operator.letters}
    assert set(letters) == CULPRITS
    assert len(operator.letters) == len(CULPRITS)
    for row, letter in letters.items():
        key, payload = transactions()[row]
        assert (letter["reason"], letter["detail"]) == ("INTERNAL", "ArithmeticError: not this one")
        assert (letter["key"], letter["payload"]) == (key, payload)
    assert operator.context.counts["dead_letters_INTERNAL"] == len(CULPRITS)
    assert operator.context.counts["transactions"] == ROWS - len(CULPRITS)


def test_replayed_culprit_is_scored_after_the_fault_is_fixed(monkeypatch):
    with monkeypatch.context() as patch:
        STAGES["scores and alerts"](patch, ids(CULPRITS))
        operator = run(transactions())
    sent = [(letter["key"], letter["payload"]) for letter in operator.letters]
    operator.send(TRANSACTIONS, sent, shard=SHARD, time_ms=now_ms())
    assert set(operator.scores) == ids(set(range(ROWS)))


def test_restored_operator_continues_as_an_uninterrupted_one(monkeypatch):
    STAGES["features, once they are advanced"](monkeypatch, ids(CULPRITS))
    whole = run(transactions())
    first = run(transactions()[:200])
    second = run(transactions()[200:], context=first.context)
    assert first.scores | second.scores == whole.scores


def test_rule_that_fails_for_a_transaction_makes_it_a_dead_letter(monkeypatch):
    operator = run(transactions(10))
    engine = object.__new__(RuleEngine)
    engine.rules, engine.book = (), None
    operator.operator._shards[SHARD].rules._engine = engine
    bad = hash_column(history().slice(12, 1).column("transaction_id").combine_chunks())

    def apply(batch: Any, decisions: Any, _snoozed: Any = None) -> Any:
        if bad[0] in hash_column(batch._records.column("transaction_id")):
            raise ZeroDivisionError("of this one")
        return type("R", (), {"decisions": decisions, "fired": {}, "hits": (), "fired_in": lambda _s, _r: {}})()

    monkeypatch.setattr(engine, "apply", apply, raising=False)
    operator.send(TRANSACTIONS, transactions(20)[10:], shard=SHARD, time_ms=now_ms())
    assert [letter["detail"] for letter in operator.letters] == ["ZeroDivisionError: of this one"]
    assert len(operator.scores) == 19


@pytest.mark.parametrize("owner", [(BatchDecoder, "decode"), (FeatureEngine, "advance"), (Outputs, "decisions")])
def test_fault_that_hits_a_plain_transaction_fails_the_task_without_dead_letters(monkeypatch, owner):
    operator = OperatorInMemory(customer_folder())

    def failing(*_arguments: Any) -> Any:
        raise OSError("a library is gone")

    monkeypatch.setattr(*owner, failing)
    with pytest.raises(OSError, match="a library is gone"):
        operator.send(TRANSACTIONS, transactions(20), shard=SHARD, time_ms=now_ms())
    assert operator.emitted == [] or "fraud.dlq.v1" not in {topic for topic, _, _ in operator.emitted}


def test_batch_of_culprits_becomes_dead_letters_if_other_records_would_pass(monkeypatch):
    STAGES["features"](monkeypatch, ids(set(range(SIZE))))
    operator = run(transactions(SIZE))
    assert len(operator.letters) == SIZE
    assert operator.stored()["histories"] == {}


@pytest.mark.parametrize("error", [RuntimeError("java.io.IOException: rocksdb"), OSError("gone")])
def test_state_that_cannot_be_read_fails_the_task(monkeypatch, error):
    operator = run(transactions(10))

    def gone(_key: str) -> bytes:
        raise error

    for part in PARTS:
        monkeypatch.setattr(operator.context.states[part], "get", gone)
    with pytest.raises(StateAccessError):
        operator.send(TRANSACTIONS, transactions(300)[10:], shard=SHARD, time_ms=now_ms())


def test_state_of_another_version_fails_the_task():
    operator = run(transactions(10))
    operator.stored()
    for part in PARTS:
        maps = operator.context.states[part].maps[SHARD]
        maps.update(dict.fromkeys(maps, b"\x63\x00" + bytes(8)))
    with pytest.raises(HistoryVersionError):
        run(transactions(10), context=operator.context)


def labels(rows: int) -> list[tuple[str, bytes]]:
    table = history().slice(0, rows)
    return [((key or b"").decode(), value) for key, value in encode_labels(table, FileRegistry(), "l-value")]


def learned(records: list[tuple[str, bytes]]) -> OperatorInMemory:
    """Process labels, all of customers of one shard."""
    operator = OperatorInMemory(customer_folder())
    for some in batches(records, SIZE):
        operator.send(LABELS, some, shard=SHARD, time_ms=now_ms())
    return operator


def fail_for(monkeypatch, where: str, culprits: set[str]) -> None:
    table = history()
    hashes = hash_pairs(
        hash_column(table.column("customer_id").combine_chunks()),
        hash_column(table.column("transaction_id").combine_chunks()),
    )
    names = table.column("transaction_id").to_pylist()
    bad = np.array([hashes[row] for row, name in enumerate(names) if name in culprits])
    if where == "learning":
        was = FeatureEngine.learn

        def learn(self: Any, batch: Any) -> None:
            was(self, batch)
            if np.isin(batch.transactions, bad).any():
                raise ArithmeticError("not this one")

        monkeypatch.setattr(FeatureEngine, "learn", learn)
    elif where == "decoding":
        decoding(monkeypatch, culprits)
    else:
        of = label_reader.LabelBatch.of

        def checked(records: Any) -> Any:
            if not culprits.isdisjoint(records.column("transaction_id").to_pylist()):
                raise ArithmeticError("not this one")
            return of(records)

        monkeypatch.setattr(label_reader.LabelBatch, "of", checked)


@pytest.mark.parametrize("where", ["decoding", "reading", "learning"])
def test_culprit_label_is_one_dead_letter_and_the_others_are_learned(monkeypatch, where):
    monkeypatch.setattr(label_log, "MAX_ENTRIES", 0)  # so that records are compared, whose sequence does not matter
    bad = {7, 8, 120}
    expected = learned([item for row, item in enumerate(labels(200)) if row not in bad])
    fail_for(monkeypatch, where, ids(bad))
    found = learned(labels(200))
    stored, required = found.context.stored(), expected.context.stored()
    assert stored["customer_labels"] == required["customer_labels"]
    if where != "learning":
        of_entities, all_entities = (operator.context.entities.stored() for operator in (found, expected))
        for part in range(LABEL_BUCKETS):
            assert of_entities[f"entity_labels_{part}"] == all_entities[f"entity_labels_{part}"] != {}
    assert sorted(letter["offset"] for letter in found.letters) == sorted(bad)
    assert {letter["reason"] for letter in found.letters} == {"INTERNAL"}
    assert {letter["topic"] for letter in found.letters} == {"fraud.labels.v1"}
    offsets = found.context.stored()["label_offsets"]
    assert {shard: np.frombuffer(raw, np.int64).tolist() for shard, raw in offsets.items()} == {SHARD: [200]}


def test_query_that_makes_features_fail_is_skipped_and_changes_nothing(monkeypatch):
    codec = RecordCodec(FEATURE_QUERY, "", FileRegistry())
    (record,) = history().slice(300, 1).to_pylist()
    queries = [(record["customer_id"], codec.encode({**record, "query_id": name})) for name in ("good", "bad")]
    operator = run(transactions(300))
    before = operator.context.stored()
    in_records(monkeypatch, FeatureEngine, "advance", 1, {"bad"}, refuse)
    operator.send(QUERIES, queries, shard=SHARD, time_ms=now_ms())
    assert [answer["query_id"] for answer in operator.of("fraud.features.v1")] == ["good"]
    assert operator.context.stored() == before
    operator.send(TRANSACTIONS, transactions()[300:], shard=SHARD, time_ms=now_ms())
    assert operator.scores == run(transactions()).scores


def test_transaction_that_alone_makes_the_model_fail_becomes_a_dead_letter(monkeypatch):
    was, amount = OnnxModel.score, FEATURE_NAMES.index("amount")
    mark = np.float32(history().column("amount_minor")[12].as_py() / 100)

    def failing(self: Any, x: Any) -> Any:
        scores = was(self, x).copy()
        scores[x[:, amount] == mark] = np.nan
        return scores

    monkeypatch.setattr(OnnxModel, "score", failing)
    operator = run(transactions(20))
    (letter,) = operator.letters
    assert letter["offset"] == 12
    assert letter["detail"].startswith("ChampionError: ")
    assert len(operator.scores) == 19
