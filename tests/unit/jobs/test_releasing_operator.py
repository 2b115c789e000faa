"""Operators without Flink: what is left of one that Flink has dropped."""

import gc
import sys
import weakref
from collections.abc import Iterator
from threading import Thread
from types import ModuleType
from typing import Any

import psutil
import pytest
from pyflink.datastream import KeyedProcessFunction

import jobs.state_jobs
import jobs.topology  # noqa: F401  (the operators of all jobs)
from jobs.operators.decode_batch import DecodeBatch
from jobs.operators.detect_drift import DetectDrift
from jobs.operators.entity_shard import EntityShard
from jobs.operators.releasing_operator import ReleasingOperator
from jobs.operators.score_batch import ScoreBatch
from jobs.operators.shard import Shard
from jobs.record_types import STAMP_SHIFT, TRANSACTIONS
from models.features.pool import Pool
from schemas.wall_clock import now_ms
from tests.unit.jobs.job_configs import job_config
from tests.unit.jobs.operator_in_memory import OperatorInMemory
from tests.unit.jobs.shard_transactions import SHARD, transactions
from tests.unit.training.histories import customer_folder

LARGE, BLOCK = 64 * 2**20, 2**16


@pytest.fixture(autouse=True)
def no_collection_by_itself(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "_pemja", ModuleType("_pemja"))  # as inside a TaskManager's Java
    gc.disable()
    yield
    gc.enable()


def held() -> dict[int, object]:
    """Return the shards and pools in memory."""
    return {id(found): found for found in gc.get_objects() if isinstance(found, Shard | EntityShard | Pool)}


@pytest.fixture
def operator() -> Iterator[list[OperatorInMemory]]:
    """Return an operator that scored some transactions, in a list that the test clears; then nothing of it is left."""
    gc.collect()
    before = held().keys()
    operators = [OperatorInMemory(customer_folder())]
    operators[0].send(TRANSACTIONS, transactions(50), shard=SHARD, time_ms=now_ms())
    assert len(operators[0].scores) == 50
    assert held().keys() > before
    yield operators
    operators.clear()
    assert held().keys() <= before


def test_every_operator_with_state_releases_its_memory():
    ours = {kind for kind in KeyedProcessFunction.__subclasses__() if kind.__module__.startswith("jobs.")}
    assert ours == {ReleasingOperator, DecodeBatch}


def test_nothing_of_an_operator_that_processed_batches_is_left(operator):
    operator.clear()


def test_nothing_of_an_operator_that_failed_is_left(operator):
    with pytest.raises(KeyError):
        operator[0].process((-1, [], [], [], []))


def test_nothing_of_an_operator_that_was_cancelled_between_two_of_its_records_is_left(operator):
    keys, payloads = map(list, zip(*transactions(50), strict=True))
    stamps = [(now_ms() // 1000 << STAMP_SHIFT) + SHARD] * 50
    decoded, reply = operator[0].with_entities((TRANSACTIONS, keys, payloads, list(range(50, 100)), stamps))
    operator[0].process(decoded[1])
    emitting = operator[0].operator.process_element(reply[1], operator[0].context)
    next(emitting)


class Linked:
    """An object in a reference cycle."""

    def __init__(self) -> None:
        self.cycle = self


def test_nothing_of_an_operator_whose_open_failed_is_left(tmp_path):
    operators: list[Any] = [ScoreBatch(job_config(model=str(tmp_path)))]
    with pytest.raises(AttributeError):  # of the context, which only Flink gives
        operators[0].open(None)
    operators[0].linked = Linked()
    linked = weakref.ref(operators[0].linked)
    operators.clear()
    assert linked() is None


def test_memory_that_an_operator_filled_in_another_thread_returns_to_the_system():
    operators: list[Any] = [DetectDrift(job_config())]
    with pytest.raises(AttributeError):  # as above
        operators[0].open(None)
    pinned = []

    def fill() -> None:
        operators[0].blocks = [b"1" * BLOCK for _ in range(LARGE // BLOCK)]
        pinned.append(b"1" * BLOCK)  # above them, so that freeing them does not shorten the thread's part of the heap

    thread = Thread(target=fill)
    thread.start()
    thread.join()
    process = psutil.Process()
    before = process.memory_info().rss
    operators.clear()
    assert before - process.memory_info().rss > LARGE // 2
