"""The uids that savepoints of released versions hold: a change here loses state, so it is never by accident."""

import json
import subprocess
import sys

import pytest

from jobs.operator_uids import STATELESS, stateful_uids
from runtime.host.environment import process_environment
from runtime.host.java import find_java

pytestmark = pytest.mark.integration

STATEFUL = {
    "transactions-source",
    "transactions-window-aggregate",
    "labels-source",
    "labels-window-aggregate",
    "control-source",
    "queries-source",
    "queries-window-aggregate",
    "score-batch",
    "detect-drift",
    "outputs-sink",
}
COMMITTER = "Sink Committer: "
"""Flink makes two operators of a sink and names the second after the first."""


JOBS = [
    ({}, STATEFUL),
    ({"batch_ms": 999, "shards": 8, "emit_scores": False, "guarantee": "exactly-once"}, STATEFUL),
    ({"labels": False}, STATEFUL - {"labels-source", "labels-window-aggregate"}),
    ({"standby": True}, STATEFUL - {"outputs-sink"} | {"standby-outputs-sink"}),
]


def test_operators_with_state_have_the_uids_that_savepoints_know():
    command = [sys.executable, "-m", "tests.integration.job_graph", json.dumps([changes for changes, _ in JOBS])]
    env = process_environment(find_java())
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True, env=env)  # noqa: S603
    graphs = json.loads(done.stdout.splitlines()[-1])
    for graph, (changes, uids) in zip(graphs, JOBS, strict=True):
        assert len(set(graph)) == len(graph)
        assert None not in graph
        sink = next(uid for uid in uids if uid.endswith("outputs-sink"))
        found = {uid for uid in graph if not any(f"-{kind}-" in uid for kind in STATELESS)}
        assert found == uids | {COMMITTER + sink}
        told = stateful_uids(labels=changes.get("labels", True), standby=changes.get("standby", False))
        assert told == uids
