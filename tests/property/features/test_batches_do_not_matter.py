"""Features are the same bits for any split of the stream into batches."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.features.feature_streams import DAY_MS, START_MS, Row, Store, any_streams, labelled_streams

_CUTS = st.lists(st.integers(0, 260), max_size=40)


def assert_same_run(store, run, other_store, other_run):
    assert run[0].tobytes() == other_run[0].tobytes(), "x"
    assert run[1].tobytes() == other_run[1].tobytes(), "final scores"
    assert store.states == other_store.states
    assert store.entity_labels == other_store.entity_labels
    assert store.customers == other_store.customers


@settings(max_examples=100, deadline=None)
@given(labelled=labelled_streams(), cuts=_CUTS)
def test_any_split_gives_the_same_bits(labelled, cuts):
    stream, labels = labelled
    whole, split = Store(), Store()

    cuts = [cut for cut in cuts if cut < len(stream)]
    assert_same_run(whole, whole.run(stream, (), labels), split, split.run(stream, cuts, labels))


@settings(max_examples=40, deadline=None)
@given(labelled=labelled_streams())
def test_batches_of_one_give_the_same_bits(labelled):
    stream, labels = labelled
    whole, split = Store(), Store()

    assert_same_run(whole, whole.run(stream, (), labels), split, split.run(stream, range(len(stream)), labels))


@settings(max_examples=100, deadline=None)
@given(labelled=labelled_streams(), cuts=_CUTS, capacity=st.integers(1, 3), save_every=st.integers(1, 9))
def test_constantly_evicting_pools_give_the_same_bits(labelled, cuts, capacity, save_every):
    stream, labels = labelled
    roomy, tight = Store(), Store(capacity=capacity)
    cuts = [cut for cut in cuts if cut < len(stream)]

    expected = roomy.run(stream, (), labels)
    assert_same_run(roomy, expected, tight, tight.run(stream, cuts, labels, save_every=save_every))


@settings(max_examples=100, deadline=None)
@given(labelled=labelled_streams(), stop=st.integers(0, 260), capacity=st.integers(1, 4))
def test_stop_and_resume_equals_an_uninterrupted_run(labelled, stop, capacity):
    stream, labels = labelled
    stop = min(stop, len(stream) - 1)
    straight, first = Store(), Store()
    x, scores = straight.run(stream, (), labels)

    if stop:
        first.run(stream[:stop], (), [label for label in labels if label.before < stop])
    resumed = Store(first, capacity=capacity)
    later = [replace(label, before=label.before - stop) for label in labels if label.before >= stop]
    run = resumed.run(stream[stop:], [stop // 2] if stop // 2 < len(stream) - stop else [], later)

    assert_same_run(straight, (x[stop:], scores[stop:]), resumed, run)


@settings(max_examples=100, deadline=None)
@given(labelled=labelled_streams(), shuffle=st.randoms(use_true_random=False))
def test_labels_give_the_same_records_in_any_sequence_with_repeats_and_revocations(labelled, shuffle):
    _, labels = labelled
    labels = [replace(label, before=0, amount_minor=7 * label.transaction) for label in labels]
    shuffled = list(labels)
    shuffle.shuffle(shuffled)
    one, other = Store(), Store()
    row = Row(
        transaction=-1, customer=0, merchant=0, time_ms=START_MS + 50 * DAY_MS, amount_minor=1, device=None,
        place=None, category="fuel", type="chip",
    )  # fmt: skip

    assert_same_run(one, one.run([row], (), labels), other, other.run([row], (), shuffled))


@settings(max_examples=50, deadline=None)
@given(labelled=labelled_streams(), cuts=_CUTS)
def test_engine_learns_labels_of_its_customers_and_of_every_entity(labelled, cuts):
    stream, labels = labelled
    mine = [row for row in stream if row.customer == 0]
    index = [sum(row.customer == 0 for row in stream[:i]) for i in range(len(stream) + 1)]
    labels_of_shard = [replace(label, before=index[label.before]) for label in labels]
    whole, shard = Store(), Store(customer=0)
    x, scores = whole.run(stream, (), labels)
    if not mine:
        return

    x_mine, scores_mine = shard.run(mine, [cut for cut in cuts if cut < len(mine)], labels_of_shard)

    rows = [i for i, row in enumerate(stream) if row.customer == 0]
    assert (x[rows].tobytes(), scores[rows].tobytes()) == (x_mine.tobytes(), scores_mine.tobytes())
    assert shard.entity_labels == whole.entity_labels
    assert shard.customers == {key: raw for key, raw in whole.customers.items() if key == "c0"}


@settings(max_examples=100, deadline=None)
@given(stream=any_streams, cuts=_CUTS, together=st.booleans())
def test_duplicate_has_its_first_score_and_changes_no_state(stream, cuts, together):
    fresh = replace(stream[0], transaction=10_000, time_ms=max(row.time_ms for row in stream) + 1)
    late = replace(fresh, transaction=10_001, merchant=99, time_ms=fresh.time_ms - 1)
    whole = [*stream, fresh, late]
    cuts = [cut for cut in cuts if cut < len(stream)]
    once, twice = Store(), Store()
    _, scores = once.run(whole, cuts)

    again = [fresh, late, replace(fresh, merchant=98)]  # recognised by its id, despite other changes
    _, final = twice.run([*whole, *again], cuts if together else [*cuts, len(whole), len(whole) + 1])

    assert final[:-3].tobytes() == scores.tobytes()
    assert final[-3:].tobytes() == scores[[-2, -1, -2]].tobytes()
    assert twice.states == once.states
