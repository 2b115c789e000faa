import pytest

from jobs.operators.label_reader import LabelReader
from jobs.record_types import STAMP_SHIFT
from schemas.rejection import Reason
from tests.batches import LABELS
from tests.records import NOON_MS, label

SHARDS = [4, 2, 4]
PLAIN = ("c0", LABELS.codec.encode(label(0)))


class CountingDecoder:
    """The decoder, with its number of calls."""

    def __init__(self):
        self.calls = 0

    def decode(self, keys, payloads, kafka_time_ms):
        self.calls += 1
        return LABELS.decoder.decode(keys, payloads, kafka_time_ms)


@pytest.fixture
def decoder():
    return CountingDecoder()


def batch_of(labels, positions):
    """Return the columns of a micro-batch of labels that arrived at noon."""
    stamps = [(NOON_MS // 1000 << STAMP_SHIFT) + shard for shard in SHARDS]
    return [item["customer_id"] for item in labels], [LABELS.codec.encode(item) for item in labels], positions, stamps


def test_each_shard_has_the_labels_and_its_own_customers(decoder):
    read = LabelReader(decoder, PLAIN).read(*batch_of([label(0), label(1), label(2)], [5, 6, 7]))
    assert read.rejections == []
    assert read.for_shard(4).mine.tolist() == [True, False, True]
    assert read.for_shard(2).mine.tolist() == [False, True, False]
    assert read.positions.tolist() == [5, 6, 7]


def test_invalid_label_is_left_out_and_its_position_is_kept(decoder):
    read = LabelReader(decoder, PLAIN).read(*batch_of([label(0, amount_minor=-1), label(1), label(2)], [5, 6, 7]))
    assert [(item.row, item.reason) for item in read.rejections] == [(0, Reason.INVALID_AMOUNT)]
    assert read.for_shard(2).mine.tolist() == [True, False]
    assert read.positions.tolist() == [5, 6, 7]


def test_batch_is_decoded_once_for_all_shards(decoder):
    reader, batch = (
        LabelReader(decoder, PLAIN),
        batch_of([label(0), label(1), label(2)], [5, 6, 7]),
    )
    first = reader.read(*batch)
    assert reader.last(5) is first
    assert decoder.calls == 1


def test_shard_that_missed_labels_is_an_error(decoder):
    reader = LabelReader(decoder, PLAIN)
    with pytest.raises(RuntimeError, match="position 5"):
        reader.last(5)
    reader.read(*batch_of([label(0), label(1), label(2)], [5, 6, 7]))
    with pytest.raises(RuntimeError, match="position 8"):
        reader.last(8)
