"""Shards send partial observations: the number of shards does not delay detection."""

import numpy as np
import pytest

from models.drift.baseline import Baseline, signal_reference
from models.drift.observation import OBSERVATION_SIZE, PART_MS, Accumulator
from models.drift.part_merger import MAX_LEFT_OUT, PartMerger
from models.drift.signal_part import SignalPart
from models.drift.watch import SignalWatch
from schemas.durations import DAY_MS

QUIET, BATCH = 60_000, 8
RNG = np.random.default_rng(1)
BASELINE = Baseline.of(signal_reference(RNG.gamma(1, 50, 60_000), RNG.integers(0, 14 * DAY_MS, 60_000)))


def stream(shift: float = 1.5, after: int = 20_000):
    values = np.random.default_rng(5).gamma(1, 50, QUIET + after)
    values[QUIET:] *= shift
    return values, np.arange(len(values), dtype=np.int64) * 20_000


def sent(shards: int, values, times, *, per_second: int = 2_000):
    """Return the parts that the shards send, each with the number of earlier transactions of the stream."""
    of_shard = np.random.default_rng(6).integers(0, shards, len(values))
    accumulators = [Accumulator(BASELINE.edges[None, :]) for _ in range(shards)]
    for start in range(0, len(values), BATCH * shards):
        rows = np.arange(start, min(len(values), start + BATCH * shards))
        now_ms = 1_000_000 + 1_000 * int(rows[-1]) // per_second
        for shard, accumulator in enumerate(accumulators):
            mine = rows[of_shard[rows] == shard]
            found = accumulator.update(values[mine, None], times[mine])
            part = accumulator.emit_part(-(-OBSERVATION_SIZE // shards), now_ms)
            for item in (*found, *([part] if part else [])):
                yield int(rows[-1]) + 1, BASELINE.part(item, 0, "m")


def observed(shards: int, values, times):
    merger = PartMerger()
    for seen, part in sent(shards, values, times):
        if (complete := merger.update(SignalPart.from_json(part.to_json()))) is not None:
            yield seen, complete


def delay(shards: int):
    watch = SignalWatch("amount", {})
    found = [seen for seen, item in observed(shards, *stream()) if watch.update(item.observation(), 0)]
    return found[0] - QUIET


@pytest.mark.parametrize("shards", [1, 4, 32])
def test_amounts_times_one_and_a_half_are_detected_within_5_000_transactions_for_any_number_of_shards(shards):
    assert 0 < delay(shards) <= 5_000


@pytest.mark.parametrize("shards", [1, 32])
def test_stationary_stream_is_no_drift_for_any_number_of_shards(shards):
    watch, values = SignalWatch("amount", {}), []
    for _, item in observed(shards, *stream(shift=1.0)):
        assert watch.update(item.observation(), 0) == []
        values.append(item.observation().standardised)
    assert abs(np.mean(values)) < 0.7
    assert 0.7 < np.std(values) < 1.3


def test_shard_sends_at_most_one_part_per_second_except_whole_observations():
    accumulator = Accumulator(BASELINE.edges[None, :])
    sent_at = []
    for now_ms in range(1_000_000, 1_010_000, 10):
        assert accumulator.update(np.ones((9, 1)), np.zeros(9, np.int64)) == []
        if accumulator.emit_part(32, now_ms) is not None:
            sent_at.append(now_ms)
    assert np.diff(sent_at).min() >= PART_MS
    assert len(sent_at) == 10


def test_restored_shard_does_not_repeat_a_part_and_continues_the_rest():
    accumulator = Accumulator(BASELINE.edges[None, :])
    accumulator.update(np.ones((50, 1)), np.zeros(50, np.int64))
    assert accumulator.emit_part(32, 5_000).count == 50
    restored = Accumulator(BASELINE.edges[None, :], accumulator.encode())
    restored.update(np.ones((40, 1)), np.zeros(40, np.int64))
    assert restored.emit_part(32, 5_000 + PART_MS - 1) is None
    assert restored.emit_part(32, 5_000 + PART_MS).count == 40


def test_clock_that_steps_back_does_not_silence_a_shard():
    accumulator = Accumulator(BASELINE.edges[None, :])
    for now_ms in (10_000_000, 5_000):
        accumulator.update(np.ones((50, 1)), np.zeros(50, np.int64))
        assert accumulator.emit_part(32, now_ms) is not None


def test_merged_parts_are_the_observation_of_all_their_transactions():
    values, times = (item[:OBSERVATION_SIZE] for item in stream())
    (whole,) = Accumulator(BASELINE.edges[None, :]).update(values[:, None], times)
    expected, merger, merged = BASELINE.part(whole, 0, "m"), PartMerger(), None
    for start in range(0, OBSERVATION_SIZE, 100):
        accumulator = Accumulator(BASELINE.edges[None, :])
        accumulator.update(values[start : start + 100, None], times[start : start + 100])
        merged = merger.update(BASELINE.part(accumulator.emit_part(1, 5_000), 0, "m"))
    assert merged is not None
    assert (merged.bins, merged.transactions) == (expected.bins, expected.transactions)
    assert merged.uncertainty.keys() == expected.uncertainty.keys()
    assert merged.event_time_ms == expected.event_time_ms
    for name in ("mean", "expected", "variance", "expected_shares"):
        assert getattr(merged, name) == pytest.approx(getattr(expected, name)), name
    assert merged.observation().standard_error == pytest.approx(expected.observation().standard_error)


def part(model_id: str, deployed_ms: int, transactions: int = 500) -> SignalPart:
    return SignalPart(
        transactions=transactions, mean=1.0, expected=1.0, variance=1.0, spread=0.0, uncertainty={"3": [0.1, 0.1]},
        bins=[transactions, *[0] * 9], expected_shares=[0.1] * 10, event_time_ms=7, model_id=model_id,
        deployed_ms=deployed_ms,
    )  # fmt: skip


def test_shards_on_an_older_deployment_do_not_reset_the_observations_of_the_newer():
    merger = PartMerger()
    assert merger.update(part("old", 0)) is None
    for _ in range(10):
        assert merger.update(part("new", 5)) is None
        assert merger.update(part("old", 0)) is None
        assert merger.update(part("new", 5)).model_id == "new"


def test_rollback_to_the_previous_model_is_a_newer_deployment():
    merger = PartMerger()
    merger.update(part("new", 5, 1_000))
    assert merger.update(part("old", 9, 1_000)).model_id == "old"
    assert merger.update(part("new", 5, 1_000)) is None


def test_parts_of_the_same_model_under_another_deployment_are_merged():
    merger = PartMerger()
    merger.update(part("m", 5))
    assert merger.update(part("m", 6)).transactions == 1_000


@pytest.mark.parametrize("parts", [[], [("m", 5, 500)], [("m", 5, 1_000)]])
def test_restored_merger_continues_exactly(parts):
    merger = PartMerger()
    for item in parts:
        merger.update(part(*item))
    restored = PartMerger(merger.to_bytes())
    assert restored.to_bytes() == merger.to_bytes()
    assert restored.update(part("old", 4, 1_000)) == merger.update(part("old", 4, 1_000))
    assert restored.update(part("m", 6)) == merger.update(part("m", 6))


def test_state_of_another_version_starts_over():
    merger = PartMerger()
    merger.update(part("m", 5))
    assert PartMerger(b"\x63\x00" + merger.to_bytes()[2:]).to_bytes() == PartMerger().to_bytes()


def test_part_passes_between_the_operators_unchanged():
    assert SignalPart.from_json(part("m", 5).to_json()) == part("m", 5)


def part_of(deployed_ms, model_id):
    accumulator = Accumulator(BASELINE.edges[None, :])
    accumulator.update(np.ones((500, 1)), np.arange(500, dtype=np.int64))
    return BASELINE.part(accumulator.emit_part(1, 5_000), 0, model_id, deployed_ms)


def test_older_deployment_counts_again_once_parts_of_the_newer_stop():
    merger = PartMerger()
    merger.update(part_of(7_200_000, "new"))
    older = part_of(3_600_000, "old")
    left_out = [merger.update(older) for _ in range(MAX_LEFT_OUT // 500)]
    assert left_out == [None] * len(left_out)
    assert merger.update(older) is None, "the first half of an observation"
    assert merger.update(older).model_id == "old"


def test_older_deployment_is_ignored_while_parts_of_the_newer_arrive():
    merger = PartMerger()
    found = [merger.update(part) for _ in range(60) for part in (part_of(2, "new"), part_of(1, "old"))]
    assert {item.model_id for item in found if item} == {"new"}


@pytest.mark.parametrize("step_ms", [-3_600_000, 3_600_000])
def test_adjusted_clock_does_not_silence_the_parts(step_ms):
    accumulator = Accumulator(BASELINE.edges[None, :])
    now_ms = 100_000_000
    for at_ms in (now_ms, now_ms + step_ms, now_ms + step_ms + PART_MS):
        accumulator.update(np.ones((40, 1)), np.arange(40, dtype=np.int64))
        assert accumulator.emit_part(32, at_ms) is not None
