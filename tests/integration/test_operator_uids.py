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
    ({"labels": False, "alignment_ms": 0}, STATEFUL - {"label-lanes-source", "label-lanes-window-aggregate-2"}),
    ({"standby": True}, STATEFUL - {"outputs-sink"} | {"standby-outputs-sink"}),
    ({"first_control_ranges": {"0": [3, 7], "1": [0, 1]}, "first_control_ms": 1_790_000_000_000}, STATEFUL),
]


def test_operators_with_state_have_the_uids_of_savepoints():
    command = [sys.executable, "-m", "tests.integration.job_graph", json.dumps([changes for changes, _ in JOBS])]
    env = process_environment(find_java())
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True, env=env)  # noqa: S603
    graphs = json.loads(done.stdout.splitlines()[-1])
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
