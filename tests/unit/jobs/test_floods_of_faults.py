"""Many records that make the job fail: stages are retried a bounded number of times, and no other record is blamed."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jobs.operators.inference_log import InferenceLog
from jobs.operators.outputs import Outputs
from jobs.record_types import TRANSACTIONS
from models.drift.observer import Observer
from models.features.engine import FeatureEngine
from models.features.table import FEATURE_NAMES
from models.scoring.model import OnnxModel
from producers.encoding import encode_transactions
from schemas.arrow_buffers import numbers
from schemas.batch_decoder import BatchDecoder
from schemas.registry import FileRegistry
from schemas.wall_clock import now_ms
from tests.unit.jobs.operator_in_memory import OperatorInMemory, batches
from tests.unit.jobs.shard_transactions import SHARD
from tests.unit.training.histories import customer_folder, history

ROWS, SIZE, EVERY = 480, 160, 10
MARKS = {
    "decoding": 666_661,
    "features": 666_662,
    "model": 666_663,
    "records": 666_664,
    "log": 666_665,
    "drift": 666_666,
}
"""Amount that each stage fails for, minor units."""

AMOUNT, MAXIMUM = FEATURE_NAMES.index("amount"), FEATURE_NAMES.index("amount_max_30d")


def of_records(records: Any) -> Any:
    return (numbers(records.column("amount_minor"), np.int64) / 100).astype(np.float32)


class Faults:
    """Faults in every stage, each for a distinct amount, and the number of tries of each stage."""

    def __init__(self, monkeypatch: Any, **more: Any) -> None:
        self.calls, self._patch = Counter[str](), monkeypatch
        decode = BatchDecoder.decode

        def decoding(decoder: Any, *arguments: Any) -> Any:
            batch = decode(decoder, *arguments)
            self._check("decoding", of_records(batch.records))
            return batch

        monkeypatch.setattr(BatchDecoder, "decode", decoding)
        self._before(FeatureEngine, "advance", "features", lambda records, *_: of_records(records))
        self._before(OnnxModel, "score", "model", more.get("model", lambda x: x[:, AMOUNT]))
        self._before(Outputs, "decisions", "records", lambda records, *_: of_records(records))
        self._before(InferenceLog, "sample", "log", lambda records, *_: of_records(records))
        self._before(Observer, "observe", "drift", lambda _raw, scored, *_: scored.x[:, AMOUNT])

    def _before(self, owner: Any, name: str, stage: str, amounts_of: Any) -> None:
        was = getattr(owner, name)

        def failing(instance: Any, *arguments: Any, **named: Any) -> Any:
            self._check(stage, amounts_of(*arguments))
            return was(instance, *arguments, **named)

        self._patch.setattr(owner, name, failing)

    def _check(self, stage: str, amounts: Any) -> None:
        self.calls[stage] += 1
        if (amounts == np.float32(MARKS[stage] / 100)).any():
            raise ArithmeticError(stage)


def with_amounts(table: pa.Table, amounts: dict[int, int]) -> pa.Table:
    index = table.schema.get_field_index("amount_minor")
    column = table.column("amount_minor").to_pylist()
    for row, amount in amounts.items():
        column[row] = amount
    return table.set_column(index, table.schema.field(index), pa.array(column, pa.int64()))


def run(table: pa.Table, size: int = SIZE) -> OperatorInMemory:
    operator = OperatorInMemory(customer_folder())
    encoded = encode_transactions(table, FileRegistry(), "t-value")
    for some in batches([((key or b"").decode(), value) for key, value in encoded], size):
        operator.send(TRANSACTIONS, some, shard=SHARD, time_ms=now_ms())
    return operator


def assert_as_without(found: OperatorInMemory, table: pa.Table, culprits: set[int]) -> None:
    """Require dead letters of the culprits, and all other output as if these had never arrived."""
    assert {letter["offset"] for letter in found.letters} == culprits
    assert {letter["reason"] for letter in found.letters} <= {"INTERNAL"}
    expected = run(table.take([row for row in range(len(table)) if row not in culprits]))
    assert found.scores == expected.scores
    stored, expected_state = found.stored(), expected.stored()
    assert [stored.pop(name).keys() for name in ("due",)] == [expected_state.pop(name).keys() for name in ("due",)]
    assert stored == expected_state
    assert len(found.of("fraud.alerts.v1")) == len(expected.of("fraud.alerts.v1"))
    assert found.context.counts["transactions"] == len(table) - len(culprits)


def one_customer(rows: int) -> pa.Table:
    table = history().slice(0, rows)
    index = table.schema.get_field_index("customer_id")
    return table.set_column(index, table.schema.field(index), pa.array(["c1"] * rows))


@pytest.mark.parametrize("size", [25, SIZE])
@pytest.mark.parametrize("seed", range(2))
def test_floods_at_every_stage_at_once_leave_other_records_unchanged(monkeypatch, size, seed):
    random = np.random.default_rng(seed)
    stages = list(MARKS.values())
    amounts = {int(row): stages[random.integers(len(stages))] for row in np.flatnonzero(random.random(ROWS) < 0.1)}
    table = with_amounts(history().slice(0, ROWS), amounts)
    Faults(monkeypatch)
    assert_as_without(run(table, size), table, set(amounts))


@pytest.mark.parametrize("stage", MARKS)
def test_flood_of_one_customer_leaves_its_other_records_unchanged(monkeypatch, stage):
    amounts = dict.fromkeys(range(3, 60, 5), MARKS[stage])
    table = with_amounts(one_customer(60), amounts)
    Faults(monkeypatch)
    assert_as_without(run(table, 60), table, set(amounts))


@pytest.mark.parametrize("stage", MARKS)
def test_one_culprit_in_ten_costs_fewer_tries_of_its_stage_than_records_and_few_of_the_others(monkeypatch, stage):
    faults = Faults(monkeypatch)
    run(history().slice(0, ROWS))
    clean = Counter(faults.calls)
    faults.calls.clear()
    rows = np.flatnonzero(np.random.default_rng(7).random(ROWS) < 1 / EVERY)
    run(with_amounts(history().slice(0, ROWS), dict.fromkeys(rows.tolist(), MARKS[stage])))
    tried = faults.calls
    assert tried[stage] < 0.8 * ROWS
    # A transaction of a customer with an earlier culprit in its batch is processed alone, through all stages.
    others = {name: calls for name, calls in tried.items() if name not in (stage, "records", "log")}
    assert all(calls <= 8 * clean[name] for name, calls in others.items())


@pytest.mark.parametrize("stage", MARKS)
def test_each_record_of_a_batch_of_culprits_is_tried_at_most_twice(monkeypatch, stage):
    faults = Faults(monkeypatch)
    found = run(with_amounts(history().slice(0, ROWS), dict.fromkeys(range(ROWS), MARKS[stage])))
    assert len(found.letters) == ROWS
    assert found.stored()["histories"] == {}
    assert faults.calls[stage] < 2 * ROWS


@pytest.mark.parametrize("stage", ["records", "log", "drift"])
def test_record_that_fails_only_after_a_culprit_is_scored(monkeypatch, stage):
    def model_fails_after_a_culprit(x: Any) -> Any:
        return np.where(x[:, MAXIMUM] == np.float32(MARKS[stage] / 100), np.float32(MARKS["model"] / 100), 0)

    table = with_amounts(one_customer(8), dict.fromkeys(range(8), 1_000) | {4: MARKS[stage]})
    Faults(monkeypatch, model=model_fails_after_a_culprit)
    found = run(table, 8)
    assert [letter["offset"] for letter in found.letters] == [4]
    assert len(found.scores) == 7


def test_records_of_a_customer_that_fail_only_after_a_culprit_of_the_same_stage_are_scored(monkeypatch):
    mark = np.float32(MARKS["model"] / 100)

    def model_fails_at_a_culprit_and_after_it(x: Any) -> Any:
        return np.where((x[:, AMOUNT] == mark) | (x[:, MAXIMUM] == mark), mark, 0)

    table = with_amounts(one_customer(8), dict.fromkeys(range(8), 1_000) | {4: MARKS["model"]})
    Faults(monkeypatch, model=model_fails_at_a_culprit_and_after_it)
    found = run(table, 8)
    assert [letter["offset"] for letter in found.letters] == [4]
    assert len(found.scores) == 7
