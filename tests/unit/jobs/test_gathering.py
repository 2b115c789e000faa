"""Batches that wait for the replies of their entity shards."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jobs.operators.decoded_batch import DecodedBatch, encode_originals
from jobs.operators.entity_reply import Reply, encode_reply
from jobs.operators.gathering import Gathering
from jobs.record_types import TRANSACTIONS
from models.features.entities.entity_inputs import EventFeatures
from models.features.entities.entity_labels import has_labels
from models.features.entities.entity_layout import ENTITY_WIDTH
from models.features.entities.label_layout import LABEL_WIDTH
from models.features.entity import ENTITIES, LABELLED_ENTITIES
from schemas.rejection import Reason, Rejection
from tests.unit.features.engine_records import records

ROWS, SHARDS = 3, 4


def batch(number, replies):
    return DecodedBatch(
        kind=TRANSACTIONS,
        number=number,
        replies=replies,
        records=records(*({"transaction_id": f"{number}-{row}"} for row in range(ROWS))),
        rejections=[Rejection(1, Reason.NULL_KEY, "expected a key")],
        positions=np.array([number, number + 1, 7, 8]),
        originals=encode_originals(["a", None, "c", "d"], [b"1", b"2", b"3", b"4"]),
    )


def reply(number, shards):
    """Return the reply of a lane: of each shard, given with its number of partitions, the events that are its own."""
    return encode_reply(number, [Reply(features(number, shard, partitions)) for shard, partitions in shards])


def features(number, shard, partitions):
    """Return the events of every transaction that this one of SHARDS shards has."""
    rows = np.arange(ROWS * len(ENTITIES), dtype=np.uint32)
    mine = rows[rows % SHARDS == shard]
    x = np.repeat((number + mine).astype(np.float32)[:, None], ENTITY_WIDTH, axis=1)
    sequences = number * 100 + mine.astype(np.int64)
    labelled = mine[has_labels(mine)].astype(np.float32)
    label_x = np.repeat((number + labelled)[:, None], LABEL_WIDTH, axis=1)
    return EventFeatures(mine, x, sequences, label_x, [shard + 1] * partitions)


cuts = st.sets(st.integers(1, SHARDS - 1)).map(sorted)


@st.composite
def arrivals(draw):
    """Return batches in their order, with replies anywhere: (batch or reply), and the batches with their partitions."""
    sent, replies = [], []
    for number in range(draw(st.integers(1, 6))):
        partitions = draw(st.lists(st.integers(0, 3), min_size=SHARDS, max_size=SHARDS))
        lanes = [list(enumerate(partitions))[begin:end] for begin, end in pairwise([0, *draw(cuts), SHARDS])]
        replies += [reply(10 * number, shards) for shards in lanes if shards]
        sent.append((batch(10 * number, sum(map(bool, lanes))), partitions))
    arriving = draw(st.permutations([*[None] * len(sent), *replies]))
    following = iter(found for found, _ in sent)
    return [item or next(following) for item in arriving], sent


@given(arrivals())
def test_batches_leave_in_their_order_with_all_replies(given_arrivals):
    arriving, batches = given_arrivals
    gathering, gathered = Gathering(), []
    for item in arriving:
        gathered += gathering.add(item.encode()) if isinstance(item, DecodedBatch) else gathering.reply(item)
    assert [found.batch.number for found in gathered] == [item.number for item, _ in batches]
    rows = np.arange(ROWS * len(ENTITIES)).reshape(ROWS, -1)
    for found, (sent, partitions) in zip(gathered, batches, strict=True):
        np.testing.assert_array_equal(found.entities.sequences, sent.number * 100 + rows)
        np.testing.assert_array_equal(found.entities.x[:, ::ENTITY_WIDTH], sent.number + rows)
        np.testing.assert_array_equal(
            found.entities.label_x[:, ::LABEL_WIDTH], sent.number + rows[:, : len(LABELLED_ENTITIES)]
        )
        offsets = found.entities.label_offsets.reshape(rows.size, -1)
        assert [list(filter(None, of_event)) for of_event in offsets.tolist()] == [
            [row % SHARDS + 1] * partitions[row % SHARDS] for row in range(rows.size)
        ]
        assert found.batch.records.equals(sent.records)
        assert found.batch.rejections == sent.rejections
        assert found.batch.read_originals() == sent.read_originals()
        np.testing.assert_array_equal(found.batch.positions, sent.positions)


def test_no_reply_is_lost_that_comes_before_its_batch():
    gathering = Gathering()
    assert list(gathering.reply(reply(5, [(0, 1)]))) == []
    (found,) = gathering.add(batch(5, 1).encode())
    assert found.entities.sequences.max() >= 500


def test_a_batch_without_entities_waits_for_no_reply():
    (found,) = Gathering().add(batch(5, 0).encode())
    assert (found.entities.sequences == -1).all()
