"""Entity features replayed by recorded sequence numbers against those that entity shards gave."""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from models.features.entities.entity_inputs import EntityInputs
from models.features.entities.entity_layout import ENTITY_WIDTH
from models.features.entity import ENTITIES
from models.features.hashing import transaction_hashes
from models.scoring.entity_replay import ReplayedEntities, replay_entities
from models.scoring.positioned_records import PositionedRecords
from models.scoring.recorded_sequences import NO_POSITION, NamedSequences, RecordedSequences
from schemas.columns import TRANSACTION_ARROW
from schemas.position import position
from tests.records import transaction
from tests.unit.scoring.simulated_job import EntityShards, spread

PARTITIONS = 3
STEPS_S = (0, 0, 1, 60, 900, 7_200, 86_400, 5 * 86_400, -30, -4_000)


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Transactions of a topic, and what entity shards made of them in an interleaving of their own."""

    transactions: PositionedRecords
    inputs: EntityInputs

    @property
    def rows(self) -> np.ndarray:
        return np.arange(len(self.transactions.offsets))

    def replayed(self, recorded: RecordedSequences, wanted: np.ndarray | None = None) -> ReplayedEntities:
        return replay_entities(self.transactions, recorded, self.rows if wanted is None else wanted)

    def recorded(self) -> RecordedSequences:
        return recorded_as(self.inputs.sequences)


def recorded_as(numbers: np.ndarray, known: np.ndarray | None = None) -> RecordedSequences:
    """Return recorded numbers of n transactions, of which no labels were known."""
    all_known = np.ones(len(numbers), np.bool_)
    no_labels = np.zeros((len(numbers), len(ENTITIES), 1), np.int64)
    declared = np.empty((len(numbers), 0), np.int64)
    return RecordedSequences(numbers, all_known if known is None else known, no_labels, declared)


@st.composite
def streams(draw: st.DrawFn) -> Stream:
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = draw(st.sampled_from([1, 20, 150, 600]))
    customers, merchants, devices = (draw(st.sampled_from([1, 3, 40])) for _ in range(3))
    times_ms = 1_770_000_000_000 + 1_000 * np.cumsum(random.choice(STEPS_S, size))
    records = [
        transaction(
            number,
            transaction_id=f"t{number if random.random() > 0.05 else int(random.integers(number + 1))}",
            customer_id=f"c{random.integers(customers)}",
            merchant_id=f"m{random.integers(merchants)}",
            device_id=f"d{random.integers(devices)}" if random.random() < 0.7 else None,
            amount_minor=int(random.integers(100_000)),
            event_time=np.datetime64(int(times_ms[number]), "ms").astype(object),
        )
        for number in range(size)
    ]
    transactions = spread(pa.RecordBatch.from_pylist(records, schema=TRANSACTION_ARROW), "customer_id", PARTITIONS)
    # A customer's transactions reach the shards in the sequence of their partition; partitions interleave at random.
    turns = random.permutation(transactions.partitions)
    queues = [np.flatnonzero(transactions.partitions == number) for number in range(PARTITIONS)]
    nth = np.empty(size, np.int64)
    for number in range(PARTITIONS):
        nth[turns == number] = np.arange((turns == number).sum())
    arrivals = np.array([queues[partition][index] for partition, index in zip(turns, nth, strict=True)])
    advance, inputs = EntityShards(draw(st.sampled_from([1, 2, 5]))), EntityInputs.missing(size)
    cuts = np.sort(random.integers(0, size, draw(st.sampled_from([0, 3, 40]))))
    for batch in np.split(arrivals, cuts):
        found = advance(transactions.records.take(pa.array(batch)))
        inputs.x[batch], inputs.sequences[batch] = found.x, found.sequences
    return Stream(transactions=transactions, inputs=inputs)


def same_bits(replayed: ReplayedEntities, x: np.ndarray) -> np.ndarray:
    """Return which transactions have the same features, of each entity, (n, len(ENTITIES))."""
    equal = replayed.inputs.x.view(np.uint32) == x.view(np.uint32)
    return equal.reshape(len(x), len(ENTITIES), ENTITY_WIDTH).all(axis=2)


@settings(deadline=None, max_examples=60)
@given(streams())
def test_replay_gives_the_shards_features_bit_for_bit(stream):
    found = stream.replayed(stream.recorded())
    assert same_bits(found, stream.inputs.x).all()
    assert not found.uncertain.any()
    assert found.shared_numbers == 0


@settings(deadline=None, max_examples=30)
@given(streams(), st.integers(0, 2**32))
def test_some_transactions_of_a_shuffled_topic_have_the_features_that_they_have_among_all(stream, seed):
    random = np.random.default_rng(seed)
    order, wanted = random.permutation(stream.rows), np.flatnonzero(random.random(len(stream.rows)) < 0.2)
    placed, recorded = stream.transactions, stream.recorded()
    turned = replace(
        stream,
        transactions=PositionedRecords(
            placed.records.take(pa.array(order)), placed.partitions[order], placed.offsets[order]
        ),
    )
    found = turned.replayed(recorded_as(recorded.numbers[order], recorded.known[order]), wanted)
    assert same_bits(found, stream.inputs.x[order[wanted]]).all()


@settings(deadline=None, max_examples=60)
@given(streams(), st.integers(0, 2**32), st.sampled_from([0.002, 0.05, 0.5]))
def test_features_that_differ_without_some_numbers_are_uncertain(stream, seed, share):
    recorded = stream.recorded()
    known = np.random.default_rng(seed).random(len(stream.rows)) >= share
    numbers = np.where(known[:, None], recorded.numbers, -1)
    found = stream.replayed(recorded_as(numbers, known), np.flatnonzero(known))
    assert (same_bits(found, stream.inputs.x[known]) | found.uncertain).all()


@settings(deadline=None, max_examples=40)
@given(streams(), st.integers(0, 2**32))
def test_numbers_given_to_other_transactions_give_other_features(stream, seed):
    numbers = stream.inputs.sequences.copy()
    merchants = np.flatnonzero(numbers[:, 0] >= 0)
    numbers[merchants, 0] = np.random.default_rng(seed).permutation(numbers[merchants, 0])
    found = stream.replayed(recorded_as(numbers))
    same = same_bits(found, stream.inputs.x)
    assert same[:, 1].all(), "the other entity has its numbers"
    if len(merchants) >= 150:
        assert not same[:, 0].all()


@settings(deadline=None, max_examples=40)
@given(streams(), st.integers(0, 2**32), st.sampled_from([0, 0.3, 1]))
def test_records_of_log_and_scores_give_each_transaction_its_numbers(stream, seed, share):
    random = np.random.default_rng(seed)
    placed, keys = stream.transactions, transaction_hashes(stream.transactions.records)
    positions = position(placed.partitions, placed.offsets)
    logged = random.random(len(positions)) < share
    entries = random.integers(0, 9, (len(positions), len(ENTITIES), 2))
    declared = random.integers(-1, 1 << 60, (len(positions), 3))
    log = NamedSequences(
        positions[logged], keys[logged], stream.inputs.sequences[logged], entries[logged], declared[logged]
    )
    # Repeats, whose last ones hold, and scores of an earlier version of what was sent once.
    repeats = random.integers(0, len(positions), 2 * len(positions))
    rows = np.concatenate([repeats, random.permutation(len(positions))])
    numbers = np.where(np.arange(len(rows))[:, None] < len(repeats), 99, stream.inputs.sequences[rows])
    _, index, sent = np.unique(keys, return_inverse=True, return_counts=True)
    unnamed = (sent[index] == 1)[rows] & (random.random(len(rows)) < 0.5)
    own = np.where(np.arange(len(rows))[:, None] < len(repeats), 99, declared[rows])
    scores = NamedSequences(np.where(unnamed, NO_POSITION, positions[rows]), keys[rows], numbers, entries[rows], own)
    recorded = RecordedSequences.of(placed, log, scores)
    assert recorded.known.all()
    assert recorded.numbers.tolist() == stream.inputs.sequences.tolist()
    assert recorded.label_offsets.tolist() == entries.tolist()
    assert recorded.declared.tolist() == declared.tolist()
