"""A baseline whose answers are wrong has no rate."""

import numpy as np
import pytest

from benchmarks.baselines.environment import LOCKS
from benchmarks.baselines.naive_replay import naive_scores
from benchmarks.baselines.oracle import KeptTransactions, Oracle
from fraudstream.system.folders import PROJECT_ROOT
from tests.unit.training.histories import customer_artifact, history

CUSTOMERS = 5


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    return Oracle(history().slice(0, 2_000), customer_artifact(), customers=CUSTOMERS)


@pytest.fixture(scope="module")
def right(oracle) -> list[tuple[str, str, float]]:
    rows = [row for row in history().slice(0, 2_000).to_pylist() if row["customer_id"] in oracle.customers]
    scores = naive_scores(rows, customer_artifact(), engine=KeptTransactions())
    return [(row["customer_id"], row["transaction_id"], float(score)) for row, score in zip(rows, scores, strict=True)]


def test_right_scores_have_no_fault(oracle, right):
    verdict = oracle.check(right, KeptTransactions)
    assert (verdict.compared, verdict.apart, verdict.fault) == (len(right), 0, None)


def test_scores_of_a_peer_that_was_stopped_early_have_no_fault(oracle, right):
    assert oracle.check(right[: len(right) // 2], KeptTransactions).fault is None


def test_wrong_scores_are_a_fault(oracle, right):
    wrong = [(*key, np.float32(score + 0.01)) for *key, score in right]
    assert "further than" in (oracle.check(wrong, KeptTransactions).fault or "")


def test_score_that_is_written_twice_is_a_fault(oracle, right):
    assert "twice" in (oracle.check([*right, right[0]], KeptTransactions).fault or "")


def test_score_left_out_in_the_middle_is_a_fault(oracle, right):
    assert "missing" in (oracle.check(right[1:], KeptTransactions).fault or "")


def test_nothing_written_is_a_fault(oracle):
    assert "no score" in (oracle.check([], KeptTransactions).fault or "")


def test_peers_compute_with_the_versions_that_we_do():
    pinned = [line for line in (LOCKS / "scoring.in").read_text().splitlines() if "==" in line]
    ours = (PROJECT_ROOT / "requirements" / "runtime.lock").read_text()
    assert len(pinned) == 3
    assert [line for line in pinned if f"\n{line} " not in ours] == []
