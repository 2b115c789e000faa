"""Labels by shard."""

from jobs.operators.label_reader import LabelReader
from jobs.record_types import STAMP_SHIFT
from schemas.rejection import Reason
from tests.batches import LABELS
from tests.records import NOON_MS, label

SHARDS = [4, 2, 4]
PLAIN = ("c0", LABELS.codec.encode(label(0)))


def read(*labels):
    """Read labels that arrived at noon, at the positions 5, 6 and 7."""
    stamps = [(NOON_MS // 1000 << STAMP_SHIFT) + shard for shard in SHARDS]
    keys, payloads = [item["customer_id"] for item in labels], [LABELS.codec.encode(item) for item in labels]
    return LabelReader(LABELS.decoder, PLAIN).read(keys, payloads, [5, 6, 7], stamps)


def test_labels_have_the_shards_of_their_customers_and_their_positions():
    found = read(label(0), label(1), label(2))
    assert found.rejections == []
    assert (len(found.labels), found.shards.tolist(), found.positions.tolist()) == (3, SHARDS, [5, 6, 7])


def test_invalid_label_is_left_out():
    found = read(label(0, amount_minor=-1), label(1), label(2))
    assert [(item.row, item.reason) for item in found.rejections] == [(0, Reason.INVALID_AMOUNT)]
    assert (found.rows.tolist(), found.shards.tolist(), found.positions.tolist()) == ([1, 2], [2, 4], [6, 7])
