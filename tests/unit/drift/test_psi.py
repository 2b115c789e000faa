"""Population stability index."""

import math

import numpy as np
import pytest

from models.drift.psi import MIN_SHARE, bin_edges, psi
from models.drift.psi_window import PSI_THRESHOLD, WARM_UP, WINDOW, PsiWindow
from tests.unit.drift.signal_observations import observation

EQUAL = [0.1] * 10


def test_index_of_equal_histograms_of_any_size_is_0():
    assert psi(np.array([1.0, 3.0]), np.array([100.0, 300.0])) == 0


def test_index_of_known_shares():
    # (0.7 - 0.5) ln(0.7 / 0.5) + (0.3 - 0.5) ln(0.3 / 0.5), worked out by hand
    assert psi(np.array([0.5, 0.5]), np.array([0.7, 0.3])) == pytest.approx(0.169459, abs=1e-6)
    assert psi(np.array([0.7, 0.3]), np.array([0.5, 0.5])) == pytest.approx(0.169459, abs=1e-6)


def test_empty_part_counts_as_the_smallest_share():
    expected = (MIN_SHARE - 0.5) * math.log(MIN_SHARE / 0.5) + 0.5 * math.log(2)
    assert psi(np.array([0.5, 0.5]), np.array([0.0, 8.0])) == pytest.approx(expected)


def test_edges_are_tenths_and_ties_make_fewer():
    assert bin_edges(np.arange(1001.0)) == pytest.approx([100.0 * tenth for tenth in range(1, 10)])
    assert bin_edges(np.array([0.0] * 99 + [1.0])).tolist() == [0.0]


def windows(counts, number):
    return [observation(bins=counts, expected_shares=EQUAL) for _ in range(WINDOW * number)]


def fired(window, items):
    return [index for index, item in enumerate(items) if window.update(item)]


def test_shift_fires_once_at_the_end_of_its_first_window_and_again_after_it_was_gone():
    usual, shifted = [100] * 10, [300, 0, *[100] * 7, 0]
    stream = windows(usual, WARM_UP) + windows(shifted, 2) + windows(usual, 1) + windows(shifted, 1)
    found = fired(PsiWindow(), stream)
    assert found == [WINDOW * (WARM_UP + 1) - 1, WINDOW * (WARM_UP + 4) - 1]


def test_first_windows_never_fire():
    assert fired(PsiWindow(), windows([1_000, *[0] * 9], WARM_UP)) == []


def test_last_index_is_that_of_the_last_whole_window():
    window = PsiWindow()
    assert window.last is None
    fired(window, windows([550, 50, *[50] * 8], 1))
    assert window.last == pytest.approx(psi(np.array(EQUAL), np.array([0.55, *[0.05] * 9])))
    assert window.last > PSI_THRESHOLD


@pytest.mark.parametrize("stop", [0, 7, 40, 41])
def test_restored_window_continues_exactly(stop):
    stream = windows([100] * 10, WARM_UP) + windows([300, 0, *[100] * 7, 0], 2)
    straight, first = PsiWindow(), PsiWindow()
    expected = fired(straight, stream)
    before = fired(first, stream[:stop])
    resumed = PsiWindow(first.to_bytes())
    assert before + [stop + index for index in fired(resumed, stream[stop:])] == expected
    assert resumed.to_bytes() == straight.to_bytes()


def test_bytes_of_another_version_start_over():
    window = PsiWindow()
    fired(window, windows([100] * 10, 1))
    assert PsiWindow(b"\x63\x00" + window.to_bytes()[2:]).to_bytes() == PsiWindow().to_bytes()
