"""Batches that wait for the replies of their entity shards."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jobs.operators.decoded_batch import DecodedBatch, encode_originals
from jobs.operators.entity_reply import EntityReply
from jobs.operators.gathering import Gathering
from jobs.record_types import TRANSACTIONS
from models.features.entities.entity_inputs import EventFeatures
from models.features.entities.entity_labels import has_labels
from models.features.entities.entity_layout import ENTITY_WIDTH
from models.features.entities.label_layout import LABEL_WIDTH
from models.features.entity import ENTITIES, LABELLED_ENTITIES
from schemas.rejection import Reason, Rejection
from tests.unit.features.engine_records import records

ROWS = 3


def batch(number, shards):
    return DecodedBatch(
        kind=TRANSACTIONS,
        number=number,
        entity_shards=shards,
        records=records(*({"transaction_id": f"{number}-{row}"} for row in range(ROWS))),
        rejections=[Rejection(1, Reason.NULL_KEY, "expected a key")],
        positions=np.array([number, number + 1, 7, 8]),
        originals=encode_originals(["a", None, "c", "d"], [b"1", b"2", b"3", b"4"]),
    )


def reply(number, shard, shards):
    """Return the events of every transaction that this one among the shards has."""
    rows = np.arange(ROWS * len(ENTITIES), dtype=np.uint32)
    mine = rows[rows % len(shards) == shards.index(shard)]
    x = np.repeat((number + mine).astype(np.float32)[:, None], ENTITY_WIDTH, axis=1)
    sequences = number * 100 + mine.astype(np.int64)
    labelled = mine[has_labels(mine)].astype(np.float32)
    label_x = np.repeat((number + labelled)[:, None], LABEL_WIDTH, axis=1)
    return EntityReply(number, EventFeatures(mine, x, sequences, label_x, [shard]))


@st.composite
def arrivals(draw):
    """Return batches in their order, with replies anywhere: (batch or reply), and the batches."""
    shards = [tuple(draw(st.sets(st.integers(0, 40), max_size=3))) for _ in range(draw(st.integers(1, 6)))]
    batches = [batch(10 * number, chosen) for number, chosen in enumerate(shards)]
    replies = [reply(b.number, shard, b.entity_shards) for b in batches for shard in b.entity_shards]
    arriving = draw(st.permutations([*[None] * len(batches), *replies]))
    following = iter(batches)
    return [item or next(following) for item in arriving], batches


@given(arrivals())
def test_batches_leave_in_their_order_with_all_replies(given_arrivals):
    arriving, batches = given_arrivals
    gathering, gathered = Gathering(), []
    for item in arriving:
        add = gathering.add if isinstance(item, DecodedBatch) else gathering.reply
        gathered += add(item.encode())
    assert [found.batch.number for found in gathered] == [item.number for item in batches]
    for found, sent in zip(gathered, batches, strict=True):
        rows = np.arange(ROWS * len(ENTITIES)).reshape(ROWS, -1)
        expected = sent.number * 100 + rows if sent.entity_shards else np.full(rows.shape, -1)
        np.testing.assert_array_equal(found.entities.sequences, expected)
        if sent.entity_shards:
            np.testing.assert_array_equal(found.entities.x[:, ::ENTITY_WIDTH], sent.number + rows)
            np.testing.assert_array_equal(
                found.entities.label_x[:, ::LABEL_WIDTH], sent.number + rows[:, : len(LABELLED_ENTITIES)]
            )
            assert set(found.entities.label_offsets.reshape(-1).tolist()) <= set(sent.entity_shards)
        assert found.batch.records.equals(sent.records)
        assert found.batch.rejections == sent.rejections
        assert found.batch.read_originals() == sent.read_originals()
        np.testing.assert_array_equal(found.batch.positions, sent.positions)


def test_no_reply_is_lost_that_comes_before_its_batch():
    gathering = Gathering()
    assert list(gathering.reply(reply(5, 2, (2,)).encode())) == []
    (found,) = gathering.add(batch(5, (2,)).encode())
    assert found.entities.sequences.min() >= 500
