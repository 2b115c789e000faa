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


def graphs_of(jobs: list[dict], kind: str = "job") -> list[list[str]]:
    """Return the uids of each job's graph, or of an export or import of its state."""
    return [[uid for uid, _ in operators] for operators in operators_of(jobs, kind)]


def operators_of(jobs: list[dict], kind: str = "job") -> list[list[tuple[str, int]]]:
    """Return uid and buffer timeout in ms of each operator."""
    command = [sys.executable, "-m", "tests.integration.job_graph", json.dumps(jobs), kind]
    env = process_environment(find_java())
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True, env=env)  # noqa: S603
    return json.loads(done.stdout.splitlines()[-1])


def test_operators_with_state_have_the_uids_of_savepoints():
    graphs = graphs_of([changes for changes, _ in JOBS])
    for graph, (changes, uids) in zip(graphs, JOBS, strict=True):
        assert len(set(graph)) == len(graph)
        assert None not in graph
        sink = next(uid for uid in uids if uid.endswith("outputs-sink"))
        found = {uid for uid in graph if not any(f"-{kind}-" in uid for kind in STATELESS)}
        assert found == uids | {COMMITTER + sink, DECODE_BATCH}
        reported = stateful_uids(
            labels=changes.get("labels", True),
            standby=changes.get("standby", False),
            mode=changes.get("mode", "thread"),
            shards=changes.get("shards", 2),
        )
        assert reported == uids


def test_batches_are_sent_on_at_once_and_only_transactions_and_labels_wait_for_others():
    (operators,) = operators_of([{"buffer_timeout_ms": 3}])
    waiting = {uid: timeout_ms for uid, timeout_ms in operators if timeout_ms > 0 and "outputs" not in uid}
    batches = {DECODE_BATCH, "advance-entities-thread-2", "score-batch-thread-2", "detect-drift-thread"}
    assert batches.isdisjoint(waiting)
    inputs = {uid.partition("-")[0]: timeout_ms for uid, timeout_ms in waiting.items()}
    assert inputs == {"transactions": 3, "label": 10, "lists": 10}


KEYED = {"advance-entities-thread-8", "score-batch-thread-8", "detect-drift-thread"}


def test_an_export_restores_the_open_micro_batches_and_all_keyed_state_and_no_source():
    (graph,) = graphs_of([{"shards": 8}], "export")
    assert {f"{part}-window-aggregate-8" for part in ("transactions", "label-lanes", "lists")} | KEYED <= set(graph)
    assert SOURCES.isdisjoint(graph)
    assert None not in graph


def test_an_import_makes_all_keyed_state_and_nothing_that_the_job_would_not_restore():
    (graph,) = graphs_of([{"shards": 8}], "import")
    assert set(graph) >= KEYED
    assert (SOURCES | stateful(8)).isdisjoint(set(graph) - KEYED)
    assert None not in graph
