"""Gates of a promotion."""

from dataclasses import replace

import numpy as np
import pytest

from models.promotion.gate_limits import GateLimits
from models.promotion.gates import flips_gate, latency_gate, metrics_gate, parity_gate
from models.promotion.resampled import Resampled
from models.scoring.artifact import Parity
from tests.unit.promotion.comparisons import comparison, manifest

LIMITS = GateLimits()
PROOF = {"rows": 20_000, "threshold_rows": 100, "max_difference": 4e-7, "bound": 1e-6, "decision_flips": 0}


@pytest.mark.parametrize(
    ("change", "passed"),
    [({}, True), ({"max_difference": 2e-6}, False), ({"decision_flips": 1}, False), ({"rows": 4_999}, False)],
)
def test_parity_report_must_be_within_its_bound_without_a_flip_and_on_enough_rows(change, passed):
    parity = Parity(**{**PROOF, **change})
    assert parity_gate(manifest(parity=parity), LIMITS).passed is passed


@pytest.mark.parametrize(("us", "passed"), [(25.0, True), (25.1, False)])
def test_latency_has_a_budget(us, passed):
    assert latency_gate(us, LIMITS).passed is passed


@pytest.mark.parametrize(("noise", "passed"), [(0.0, True), (0.15, False)])
def test_metrics_must_not_be_worse(noise, passed):
    rows = comparison(noise=noise)
    assert metrics_gate(rows, Resampled.of(rows, resamples=50), LIMITS).passed is passed


def test_better_model_passes_where_the_worse_one_failed():
    rows = comparison(noise=0.15)
    turned = replace(rows, champion=rows.challenger, challenger=rows.champion)
    assert metrics_gate(turned, Resampled.of(turned, resamples=50), LIMITS).passed


def test_too_few_frauds_fail_the_gate():
    rows = comparison(300, frauds=0.03)
    gate = metrics_gate(rows, Resampled.of(rows, resamples=50), LIMITS)
    assert rows.frauds < LIMITS.min_frauds
    assert not gate.passed
    assert f"{rows.frauds} frauds among 300" in gate.was


def test_metrics_gate_is_skipped_without_labels():
    rows = comparison(300)
    nothing = np.zeros(300, np.bool_)
    assert not metrics_gate(replace(rows, labelled=nothing, is_fraud=nothing), None, LIMITS).passed


def test_share_of_other_decisions_is_limited():
    rows = comparison(1_000)
    decisions = rows.champion.decisions.copy()
    decisions[:20] = (decisions[:20] + 1) % 3
    at_limit = replace(rows, challenger=replace(rows.challenger, decisions=decisions))
    assert flips_gate(at_limit, LIMITS).passed
    decisions = decisions.copy()
    decisions[20] = (decisions[20] + 1) % 3
    assert not flips_gate(replace(rows, challenger=replace(rows.challenger, decisions=decisions)), LIMITS).passed


def test_comparison_without_transactions_fails_the_gate():
    rows = comparison(100)
    assert not flips_gate(rows.select(np.zeros(100, np.bool_)), LIMITS).passed
