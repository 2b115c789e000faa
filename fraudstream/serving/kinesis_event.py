"""Records of a Kinesis event, as AWS Lambda passes them to a function."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.errors import UserError


@dataclass(frozen=True, kw_only=True)
class KinesisRecord:
    """One record of the event.

    Parameters
    ----------
    event_id : str
        Shard and sequence number: unique in the stream.
    data : bytes or None
        Content; None where the event holds no base64.
    """

    event_id: str
    sequence_number: str
    partition_key: str
    stream: str
    data: bytes | None


def read_event(event: Mapping[str, Any]) -> list[KinesisRecord]:
    """Return the records of an event in their order.

    Raises
    ------
    UserError
        It is no event of a Kinesis stream.
    """
    try:
        return [_record(record) for record in event["Records"]]
    except (KeyError, TypeError) as error:
        raise UserError(
            f"expected an event of a Kinesis stream, got none: {type(error).__name__} {error}. "
            "Make the function the target of a Kinesis event source mapping"
        ) from None


def _record(record: Mapping[str, Any]) -> KinesisRecord:
    kinesis = record["kinesis"]
    try:
        data = base64.b64decode(kinesis["data"], validate=True)
    except binascii.Error:
        data = None
    return KinesisRecord(
        event_id=record["eventID"],
        sequence_number=kinesis["sequenceNumber"],
        partition_key=kinesis["partitionKey"],
        stream=record["eventSourceARN"],
        data=data,
    )
