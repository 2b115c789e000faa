"""Operator uids in savepoints of released versions: a change loses state, so it must be deliberate."""

import json
import subprocess
import sys

import pytest

from fraudstream.system.environment import process_environment
from fraudstream.system.java import find_java
from jobs.operator_uids import DECODE_BATCH, STATELESS, stateful_uids

pytestmark = pytest.mark.integration

SOURCES = {"transactions-source", "label-lanes-source", "control-source", "queries-source", "lists-source"}


def stateful(shards: int = 2, mode: str = "thread") -> set[str]:
    windows = {f"{part}-window-aggregate-{shards}" for part in ("transactions", "label-lanes", "queries", "lists")}
    return (
        SOURCES
        | windows
        | {
            f"advance-entities-{mode}-{shards}",
            f"score-batch-{mode}-{shards}",
            f"detect-drift-{mode}",
            "outputs-sink",
        }
    )


STATEFUL = stateful()
COMMITTER = "Sink Committer: "
"""Flink splits a sink into two operators and names the second after the first."""


JOBS = [
    ({}, STATEFUL),
    ({"batch_ms": 999, "shards": 8, "emit_scores": False, "guarantee": "exactly-once"}, stateful(shards=8)),
    ({"mode": "process", "unmarked_state": True}, stateful(mode="process")),
    ({"labels": False, "alignment_ms": 600_000}, STATEFUL - {"label-lanes-source", "label-lanes-window-aggregate-2"}),
    ({"standby": True}, STATEFUL - {"outputs-sink"} | {"standby-outputs-sink"}),
    (
        {"start_positions": {"transactions": {"0": [12, 9], "1": [7]}, "labels": {"0": [3]}, "lists": {"0": [1]}}},
        STATEFUL,
    ),
    ({"first_control_ranges": {"0": [3, 7], "1": [0, 1]}, "first_control_ms": 1_790_000_000_000}, STATEFUL),
]


EIGHT: dict[str, object] = {"shards": 8}
GRAPHS = [
    *(("job", changes) for changes, _ in JOBS),
    ("job", {"buffer_timeout_ms": 3}),
    ("export", EIGHT),
    ("import", EIGHT),
]
"""Kind and settings of each graph: one process builds all of them."""


@pytest.fixture(scope="module")
def operators() -> list[list[tuple[str, int]]]:
    """Return uid and buffer timeout in ms of each operator, for each of GRAPHS."""
    command = [sys.executable, "-m", "tests.integration.job_graph", json.dumps(GRAPHS)]
    env = process_environment(find_java())
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)  # noqa: S603
    found: list[list[tuple[str, int]]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture
def uids(operators: list[list[tuple[str, int]]]) -> list[list[str]]:
    """Return the uids of each of GRAPHS."""
    return [[uid for uid, _ in graph] for graph in operators]


def test_operators_with_state_have_the_uids_of_savepoints(uids):
    for graph, (changes, expected) in zip(uids[: len(JOBS)], JOBS, strict=True):
        assert len(set(graph)) == len(graph)
        assert None not in graph
        sink = next(uid for uid in expected if uid.endswith("outputs-sink"))
        found = {uid for uid in graph if not any(f"-{kind}-" in uid for kind in STATELESS)}
        assert found == expected | {COMMITTER + sink, DECODE_BATCH}
        reported = stateful_uids(
            labels=changes.get("labels", True),
            standby=changes.get("standby", False),
            mode=changes.get("mode", "thread"),
            shards=changes.get("shards", 2),
        )
        assert reported == expected


def test_batches_are_sent_on_at_once_and_only_transactions_and_labels_wait_for_others(operators):
    waiting = {uid: timeout_ms for uid, timeout_ms in operators[len(JOBS)] if timeout_ms > 0 and "outputs" not in uid}
    batches = {DECODE_BATCH, "advance-entities-thread-2", "score-batch-thread-2", "detect-drift-thread"}
    assert batches.isdisjoint(waiting)
    inputs = {uid.partition("-")[0]: timeout_ms for uid, timeout_ms in waiting.items()}
    assert inputs == {"transactions": 3, "label": 10, "lists": 10}


KEYED = {"advance-entities-thread-8", "score-batch-thread-8", "detect-drift-thread"}


def test_an_export_restores_the_open_micro_batches_and_all_keyed_state_and_no_source(uids):
    graph = uids[-2]
    assert {f"{part}-window-aggregate-8" for part in ("transactions", "label-lanes", "lists")} | KEYED <= set(graph)
    assert SOURCES.isdisjoint(graph)
    assert None not in graph


def test_an_import_makes_all_keyed_state_and_nothing_that_the_job_would_not_restore(uids):
    graph = uids[-1]
    assert set(graph) >= KEYED
    assert (SOURCES | stateful(8)).isdisjoint(set(graph) - KEYED)
    assert None not in graph
