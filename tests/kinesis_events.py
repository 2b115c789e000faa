"""Events of a Kinesis stream, in the shape that AWS documents for Lambda functions."""

import base64
import json
from typing import Any

STREAM_ARN = "arn:aws:kinesis:us-east-2:123456789012:stream/transactions"


def kinesis_event(*datas: bytes | dict[str, Any]) -> dict[str, Any]:
    """Return an event with these records, of one shard."""
    return {"Records": [kinesis_record(number, data) for number, data in enumerate(datas)]}


def sequence_number(number: int) -> str:
    """Return the sequence number of an event's record."""
    return str(49590338271490256608559692538361571095921575989136588898 + number)


def kinesis_record(number: int, data: bytes | dict[str, Any]) -> dict[str, Any]:
    """Return a record as AWS documents it."""
    content = data if isinstance(data, bytes) else json.dumps(data).encode()
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": f"customer-{number}",
            "sequenceNumber": sequence_number(number),
            "data": base64.b64encode(content).decode(),
            "approximateArrivalTimestamp": 1545084650.987,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000006:{sequence_number(number)}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
        "awsRegion": "us-east-2",
        "eventSourceARN": STREAM_ARN,
    }
