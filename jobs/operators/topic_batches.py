"""Batches of records for one topic."""

from collections.abc import Iterator, Sequence

from pyflink.common import Row

RECORDS_AT_ONCE = 100
"""Records in a TOPIC_BATCH. The sink's query makes a row of each, and copies all keys of the batch for each row: with
2,000 records in one that was nine tenths of all memory that the job allocated. Each batch costs one crossing."""


def topic_batches(topic: str, keys: Sequence[str | None], payloads: Sequence[bytes]) -> Iterator[Row]:
    """Yield the TOPIC_BATCHes of n records for a topic, in their order.

    Parameters
    ----------
    topic : str
    keys : sequence of str or None, n of them
    payloads : sequence of bytes, n of them
    """
    for first in range(0, len(payloads), RECORDS_AT_ONCE):
        some = slice(first, first + RECORDS_AT_ONCE)
        yield Row(topic, keys[some], payloads[some])
