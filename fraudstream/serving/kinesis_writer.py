"""Writer of records to a Kinesis stream."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from fraudstream.terminal import warn

MAX_RECORDS, MAX_BYTES = 500, 4_500_000
"""Limits of PutRecords: 500 records, and 5 MB with the partition keys."""

ATTEMPTS, FIRST_WAIT_S = 4, 0.1


class KinesisWriter:
    """Sends records to Kinesis streams, in the order given.

    Region, endpoint and credentials are those of the environment, as for every program of AWS.

    Parameters
    ----------
    wait : callable of float
        Waits for some seconds between attempts.
    """

    def __init__(self, wait: Callable[[float], None] = time.sleep) -> None:
        # `put` repeats requests itself. A function that waits for minutes for a connection has spent its time.
        config = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 1})
        self._client = boto3.client("kinesis", config=config)
        self._wait = wait

    def put(self, stream: str, records: Sequence[tuple[str, bytes]]) -> int:
        """Send records of (partition key, data).

        Returns
        -------
        int
            Number of the first records that are in the stream for certain: the first one that is not ends the count.
        """
        done = 0
        for chunk in chunks(records):
            accepted = self._put_chunk(stream, chunk)
            done += accepted
            if accepted < len(chunk):
                break
        return done

    def _put_chunk(self, stream: str, records: Sequence[tuple[str, bytes]]) -> int:
        """Return how many of the first records were accepted; those after a refused one are sent again."""
        done = 0
        for attempt in range(ATTEMPTS):
            if attempt:
                self._wait(FIRST_WAIT_S * 2 ** (attempt - 1))
            done += self._accepted(stream, records[done:])
            if done == len(records):
                break
        return done

    def _accepted(self, stream: str, records: Sequence[tuple[str, bytes]]) -> int:
        entries = [{"PartitionKey": key, "Data": data} for key, data in records]
        try:
            answer: dict[str, Any] = self._client.put_records(StreamName=stream, Records=entries)
        except (BotoCoreError, ClientError) as error:
            warn(f"Kinesis stream {stream}: expected to write {len(entries)} records, got: {error}")
            return 0
        return next((i for i, found in enumerate(answer["Records"]) if found.get("ErrorCode")), len(records))


def chunks(records: Sequence[tuple[str, bytes]]) -> list[list[tuple[str, bytes]]]:
    """Return the records in parts that one PutRecords accepts."""
    parts: list[list[tuple[str, bytes]]] = []
    size = MAX_BYTES
    for key, data in records:
        needed = len(key.encode()) + len(data)
        if size + needed > MAX_BYTES or len(parts[-1]) == MAX_RECORDS:
            parts.append([])
            size = 0
        parts[-1].append((key, data))
        size += needed
    return parts
