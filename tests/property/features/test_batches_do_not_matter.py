from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.features.feature_streams import Store, any_streams

_CUTS = st.lists(st.integers(0, 260), max_size=40)


def assert_same_run(store, run, other_store, other_run):
    assert run[0].tobytes() == other_run[0].tobytes(), "x"
    assert run[1].tobytes() == other_run[1].tobytes(), "final scores"
    assert store.states == other_store.states


@settings(max_examples=200, deadline=None)
@given(stream=any_streams, cuts=_CUTS)
def test_any_split_gives_the_same_bits(stream, cuts):
    whole, split = Store(), Store()

    assert_same_run(whole, whole.run(stream), split, split.run(stream, [cut for cut in cuts if cut < len(stream)]))


@settings(max_examples=60, deadline=None)
@given(stream=any_streams)
def test_batches_of_one_give_the_same_bits(stream):
    whole, split = Store(), Store()

    assert_same_run(whole, whole.run(stream), split, split.run(stream, list(range(len(stream)))))


@settings(max_examples=150, deadline=None)
@given(stream=any_streams, cuts=_CUTS, capacity=st.integers(1, 3))
def test_a_pool_that_is_emptied_all_the_time_gives_the_same_bits(stream, cuts, capacity):
    roomy, tight = Store(), Store(capacity=capacity)
    cuts = [cut for cut in cuts if cut < len(stream)]

    assert_same_run(roomy, roomy.run(stream), tight, tight.run(stream, cuts))


@settings(max_examples=200, deadline=None)
@given(stream=any_streams, stop=st.integers(0, 260), capacity=st.integers(1, 4))
def test_stop_and_resume_equals_an_uninterrupted_run(stream, stop, capacity):
    stop = min(stop, len(stream) - 1)
    straight, first = Store(), Store()
    x, scores = straight.run(stream)

    if stop:
        first.run(stream[:stop])
    resumed = Store({customer: bytes(raw) for customer, raw in first.states.items()}, capacity=capacity)
    later = resumed.run(stream[stop:], [stop // 2] if stop // 2 < len(stream) - stop else [])

    assert_same_run(straight, (x[stop:], scores[stop:]), resumed, later)


@settings(max_examples=100, deadline=None)
@given(stream=any_streams, cuts=_CUTS, together=st.booleans())
def test_a_duplicate_has_its_first_score_and_changes_no_state(stream, cuts, together):
    fresh = replace(stream[0], transaction=10_000, time_ms=max(row.time_ms for row in stream) + 1)
    late = replace(fresh, transaction=10_001, merchant=99, time_ms=fresh.time_ms - 1)
    whole = [*stream, fresh, late]
    cuts = [cut for cut in cuts if cut < len(stream)]
    once, twice = Store(), Store()
    _, scores = once.run(whole, cuts)

    again = [fresh, late, replace(fresh, merchant=98)]  # known by its id alone, whatever else changed
    _, final = twice.run([*whole, *again], cuts if together else [*cuts, len(whole), len(whole) + 1])

    assert final[:-3].tobytes() == scores.tobytes()
    assert final[-3:].tobytes() == scores[[-2, -1, -2]].tobytes()
    assert twice.states == once.states
