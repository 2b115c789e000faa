"""Rates of the benchmarks, measured by the timestamps of a topic's records."""

import pytest

from benchmarks.topic_growth import TopicGrowth

pytestmark = pytest.mark.integration

BEGUN_MS, RECORDS, PARTITIONS = 1_770_000_000_000, 3_000, 4


def test_growth_is_measured_to_the_millisecond_over_all_partitions(open_lane):
    lane = open_lane(partitions=PARTITIONS)
    # A batch that is sent again must not come after its successors: the times would not ascend.
    producer, topic = lane.broker.producer({"enable.idempotence": True}), lane.topics.scores
    for number in range(RECORDS):  # two per millisecond, and the last partition ends first
        partition = number % PARTITIONS if number < RECORDS // 2 else number % (PARTITIONS - 1)
        producer.produce(topic, b"x", partition=partition, timestamp=BEGUN_MS + number // 2)
    assert producer.flush(30) == 0

    with TopicGrowth(lane.broker, topic) as growth:
        assert [growth.before(BEGUN_MS + ms) for ms in (-5, 0, 1, 700, 1_400, 9_000)] == [
            0, 0, 2, 1_400, 2_800, RECORDS,
        ]  # fmt: skip
        lasted = range(BEGUN_MS - 5_000, BEGUN_MS + 5_000)
        assert growth.moment_ms(0.25 * RECORDS, lasted) == BEGUN_MS + 375
        assert growth.moment_ms(0.9 * RECORDS, lasted) == BEGUN_MS + 1_350
        assert growth.rate(RECORDS, lasted) == pytest.approx(2_000)
