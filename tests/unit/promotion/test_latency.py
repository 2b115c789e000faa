"""Latency of a candidate model."""

import itertools

import numpy as np

from models.features.table import FEATURE_NAMES
from models.promotion.latency import ROWS, RUNS, reference_rows, us_per_row
from tests.unit.training.histories import artifact


def test_fastest_run_counts():
    # Runs of 2 s, except one of 1 s in the middle.
    lengths = [2.0] * RUNS
    lengths[RUNS // 2] = 1.0
    times = itertools.chain.from_iterable((start, start + length) for start, length in enumerate(lengths))
    assert us_per_row(artifact(), times.__next__) == 1e6 / ROWS


def test_rows_have_the_distribution_of_the_validation_rows():
    x, reference = reference_rows(artifact()), artifact().manifest.reference
    amount = FEATURE_NAMES.index("amount")
    assert x.shape == (ROWS, len(FEATURE_NAMES))
    assert reference["amount"].deciles[0] <= x[:, amount].min() < np.median(x[:, amount])
    assert x[:, amount].max() <= np.float32(reference["amount"].deciles[-1])
