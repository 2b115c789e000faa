"""Loads in threads."""

from threading import Event
from threading import enumerate as threads

import pytest

from fraudstream.system.deadline import wait_until
from jobs.operators.loading import MAX_AT_ONCE, Loading, Loads
from jobs.operators.rule_reader import RuleReader
from jobs.operators.serving_loader import ServingLoader
from schemas.avro_schemas import CONTROL, RULES
from schemas.codec import RecordCodec
from schemas.registry import FileRegistry

SECONDS = 30.0


def running(name):
    return sum(thread.name == name for thread in threads())


def test_only_the_newest_request_waiting_for_a_thread_is_loaded():
    may_end, loads, loaded = Event(), Loads[int](max_at_once=2), []

    def request(number):
        def load():
            may_end.wait(SECONDS)
            loaded.append(number)
            return number

        return Loading(load, "a-load", loads=loads).future

    futures = [request(number) for number in range(6)]
    assert running("a-load") == 2
    assert [future.cancelled() for future in futures] == [False, False, True, True, True, False]
    may_end.set()
    assert [futures[number].result(SECONDS) for number in (0, 1, 5)] == [0, 1, 5]
    assert sorted(loaded) == [0, 1, 5]
    assert wait_until(lambda: running("a-load") == 0, seconds=SECONDS)
    assert request(6).result(SECONDS) == 6


def test_failing_load_frees_its_thread_for_the_next():
    loads = Loads[int](max_at_once=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            Loading(lambda: 1 // 0, "a-load", loads=loads).future.result(SECONDS)


@pytest.mark.parametrize(
    ("name", "reader"),
    [
        ("rule-reader", lambda: RuleReader(RecordCodec(RULES, "", FileRegistry()))),
        ("model-loader", lambda: ServingLoader(RecordCodec(CONTROL, "", FileRegistry()), lambda _deployment: None)),
    ],
)
def test_flood_of_requests_uses_few_threads_and_the_last_is_answered(name, reader):
    made, busiest = reader(), 0
    for number in range(5_000):
        last = made.request(b"foreign %d" % number)
        busiest = max(busiest, running(name)) if number % 50 == 0 else busiest
    assert busiest <= MAX_AT_ONCE
    assert last.result(SECONDS).refusal
