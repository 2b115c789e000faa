"""Writer of Kinesis records: what is not accepted is sent again, then given up."""

from typing import Any

import pytest

from fraudstream.serving.kinesis_writer import ATTEMPTS, KinesisWriter
from tests.moto_server import aws_environment

RECORDS = [(f"key-{number}", str(number).encode()) for number in range(5)]


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def writer(monkeypatch, waits) -> KinesisWriter:
    """Return a writer to an address where nothing listens."""
    for name, value in aws_environment("http://127.0.0.1:1").items():
        monkeypatch.setenv(name, value)
    return KinesisWriter(wait=waits.append)


class Throttled:
    """Answers of PutRecords that accept a number of records of each request, one between refused ones included."""

    def __init__(self, *accepted: int) -> None:
        self.accepted, self.sent = list(accepted), []

    def put_records(self, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803, ARG002
        """Refuse all but the first records and the last one."""
        count = self.accepted.pop(0) if self.accepted else len(Records)
        self.sent.append([record["PartitionKey"] for record in Records])
        refused = {"ErrorCode": "ProvisionedThroughputExceededException"}
        last = len(Records) - 1
        return {"Records": [{} if i < count or i == last else refused for i in range(len(Records))]}


def test_stream_that_can_not_be_reached_is_given_up_after_some_waits(writer, waits):
    assert writer.put("scores", RECORDS) == 0
    assert len(waits) == ATTEMPTS - 1
    assert waits == sorted(waits)


def test_refused_record_and_all_after_it_are_sent_again(writer):
    writer._client = Throttled(2, 1)
    assert writer.put("scores", RECORDS) == len(RECORDS)
    assert writer._client.sent == [
        ["key-0", "key-1", "key-2", "key-3", "key-4"],
        ["key-2", "key-3", "key-4"],
        ["key-3", "key-4"],
    ]


def test_records_before_one_that_stays_refused_count(writer):
    writer._client = Throttled(3, 0, 0, 0)
    assert writer.put("scores", RECORDS) == 3
