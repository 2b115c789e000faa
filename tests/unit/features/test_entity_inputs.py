"""Entity features of a batch, gathered from replies."""

import numpy as np

from models.features.entities.entity_events import entity_events
from models.features.entities.entity_inputs import NO_SEQUENCE, EntityInputs, EventFeatures
from models.features.entities.entity_labels import has_labels
from models.features.entities.entity_layout import ENTITY_LAYOUT, ENTITY_WIDTH
from models.features.entities.label_layout import LABEL_LAYOUT, LABEL_WIDTH
from models.features.entity import ENTITIES
from tests.unit.features.engine_records import records

N = len(ENTITIES)


def reply(rows):
    """Return a reply whose features, sequence numbers and label offsets are the event's row, or of the first."""
    rows = np.array(rows, np.uint32)
    x, label_x = (np.repeat(mine[:, None], width, 1).astype(np.float32) for mine, width in (
        (rows, ENTITY_WIDTH), (rows[has_labels(rows)], LABEL_WIDTH),
    ))  # fmt: skip
    return EventFeatures(rows, x, rows.astype(np.int64), label_x, rows[:1].tolist())


def test_replies_in_any_order_are_put_where_their_events_came_from():
    rows = entity_events(records({"device_id": "d"}, {}, {"device_id": "e"}))["row"]
    whole = EntityInputs.gathered(3, [reply(rows)])
    parts = EntityInputs.gathered(3, [reply(rows[3:]), reply(rows[:0]), reply(rows[2::-1])])
    assert whole.sequences.tolist() == [[0, 1], [2, NO_SEQUENCE], [4, 5]]
    np.testing.assert_array_equal(whole.x[0], np.repeat([0, 1], ENTITY_WIDTH))
    for one, other in zip(whole[:3], parts[:3], strict=True):
        np.testing.assert_array_equal(one, other)


def test_each_entity_has_the_label_offsets_of_its_shard():
    shards = [[2, 6, 0], [3, 1]]
    replies = [
        reply(rows)._replace(label_offsets=offsets) for rows, offsets in zip([[0, 3], [1, 2]], shards, strict=True)
    ]
    inputs = EntityInputs.gathered(3, replies)
    assert inputs.label_offsets.reshape(3, N, 3).tolist() == [
        [shards[0], [3, 1, 0]], [[3, 1, 0], shards[0]], [[0, 0, 0]] * N,
    ]  # fmt: skip
    np.testing.assert_array_equal(inputs.label_x[:, 0], [0, 2, LABEL_LAYOUT.missing[0]])


def test_an_absent_entity_has_missing_features_and_no_sequence_number():
    inputs = EntityInputs.gathered(1, [reply([0])])
    np.testing.assert_array_equal(inputs.x[0, ENTITY_WIDTH : 2 * ENTITY_WIDTH], ENTITY_LAYOUT.missing)
    assert inputs.sequences[0, 1:].tolist() == [NO_SEQUENCE] * (N - 1)
    missing = EntityInputs.missing(2)
    assert missing.x.shape == (2, N * ENTITY_WIDTH)
    assert missing.sequences.tolist() == [[NO_SEQUENCE] * N] * 2


def test_some_transactions_keep_their_own_inputs():
    inputs = EntityInputs.gathered(4, [reply(range(4 * N))])
    for rows in (slice(1, 3), np.array([1, 2])):
        taken = inputs.take(rows)
        assert taken.sequences.tolist() == inputs.sequences[1:3].tolist()
        assert taken.declared_x is None
        for one, other in zip(taken[:-1], inputs[:-1], strict=True):
            np.testing.assert_array_equal(one, other[1:3])
