"""Replay of declared features by the sequence numbers that shards gave."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from models.declared.declared_engine import DeclaredEngine
from models.declared.declared_features import DeclaredFeatures
from models.declared.sequence_entry import sequence_entries, sequences_of
from models.features.entity import ENTITIES as OF_JOB
from models.features.hashing import hash_column
from models.scoring.declared_replay import replay_declared
from models.scoring.positioned_records import PositionedRecords
from models.scoring.recorded_sequences import RecordedSequences
from tests.property.declared.declarations import ENTITIES, KINDS, random_stream, random_tables
from tests.property.declared.declared_shards import DeclaredShards


class Scored:
    """A stream in the order of its topic, scored by shards in another order."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.declared = DeclaredFeatures.of(random_tables(random), KINDS, ENTITIES)
        records = random_stream(random, self.declared).records
        n = len(records)
        # Each customer's transactions stay in their order.
        late = 30 * (hash_column(records.column("customer_id")) % np.uint64(3)).astype(np.int64)
        order = np.argsort(np.arange(n) + late, kind="stable")
        parts = [records.take(pa.array(rows)) for rows in np.array_split(order, 7)]
        shards = DeclaredShards(self.declared)
        inputs = [shards.advance(part) for part in parts]
        self.x = np.empty((n, len(self.declared.names)), np.float32)
        self.x[order] = np.concatenate([found.declared_x for found in inputs])
        self.numbers = np.full((n, len(OF_JOB)), -1)
        self.entries = np.empty((n, len(self.declared.entities)), np.int64)
        self.entries[order] = np.concatenate([found.sequences[:, len(OF_JOB) :] for found in inputs])
        self.transactions = PositionedRecords(records, np.zeros(n, np.int64), np.arange(n))

    def replayed(self, known: np.ndarray, wanted: np.ndarray):
        labels = np.zeros((len(known), len(OF_JOB), 0), np.int64)
        entries = np.where(known[:, None], self.entries, -1)
        recorded = RecordedSequences(self.numbers, known, labels, entries)
        return replay_declared(self.declared, self.transactions, recorded, wanted)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32))
def test_replay_equals_what_the_shards_gave_bit_for_bit(seed):
    scored = Scored(seed)
    n = len(scored.x)
    wanted = np.random.default_rng(seed).permutation(n)[: max(1, n // 2)]
    found = scored.replayed(np.ones(n, np.bool_), wanted)
    assert found.x.tobytes() == scored.x[wanted].tobytes()
    assert not found.uncertain.any()
    assert found.shared_numbers == 0


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.floats(0.01, 0.5))
def test_what_an_unknown_transaction_may_have_changed_is_uncertain(seed, share):
    scored, random = Scored(seed), np.random.default_rng(seed)
    n, declared = len(scored.x), scored.declared
    known = random.random(n) > share
    wanted = np.flatnonzero(known)
    found = scored.replayed(known, wanted)
    for number, entity in enumerate(declared.entities):
        certain = ~found.uncertain[:, number]
        columns = entity.x_columns
        assert found.x[certain][:, columns].tobytes() == scored.x[wanted][certain][:, columns].tobytes()
    certain = ~found.uncertain.any(axis=1)
    assert found.x[certain].tobytes() == scored.x[wanted][certain].tobytes()


def test_entities_of_another_declaration_were_not_advanced():
    scored = Scored(11)
    n, declared = len(scored.x), scored.declared
    scored.entries[: n // 2] = sequence_entries(declared.entities[0].id + 1, np.arange(n // 2))[:, None]
    found = scored.replayed(np.ones(n, np.bool_), np.arange(n // 2, n))
    for entity in declared.entities:
        numbers = sequences_of(entity.id, scored.entries)
        assert (numbers[: n // 2] == -1).all()
        order = np.argsort(numbers[n // 2 :], kind="stable") + n // 2
        alone = DeclaredEngine(declared).advance(scored.transactions.records.take(pa.array(order)))
        columns = entity.x_columns
        assert found.x[order - n // 2][:, columns].tobytes() == alone[:, columns].tobytes()
