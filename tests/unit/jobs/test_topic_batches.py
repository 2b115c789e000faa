"""Batches of records of one topic."""

from jobs.operators.topic_batches import RECORDS_AT_ONCE, topic_batches


def test_records_are_cut_into_small_batches_in_sequence():
    keys = [None, *map(str, range(2 * RECORDS_AT_ONCE))]
    payloads = [str(number).encode() for number in range(len(keys))]
    batches = [
        (topic, list(zip(some, written, strict=True))) for topic, some, written in topic_batches("t", keys, payloads)
    ]
    assert [topic for topic, _ in batches] == ["t"] * 3
    assert [len(pairs) for _, pairs in batches] == [RECORDS_AT_ONCE, RECORDS_AT_ONCE, 1]
    assert [pair for _, pairs in batches for pair in pairs] == list(zip(keys, payloads, strict=True))


def test_no_records_are_no_batch():
    assert list(topic_batches("t", [], [])) == []
