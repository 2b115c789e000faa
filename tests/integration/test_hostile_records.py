"""Hostile records of both topics through the real job: each has one outcome, and other customers are unaffected."""

import random
from typing import Any

import numpy as np
import pytest

from producers.encoding import encode_transactions
from schemas.registry import FileRegistry
from schemas.rejection import Reason
from schemas.validation import Limits
from schemas.wall_clock import now_ms
from tests.batches import LABELS, TRANSACTIONS, Kind
from tests.hostile_records import HostileRecords, Message, message_of, spoiled
from tests.integration.expected import Expected, card_world

pytestmark = pytest.mark.integration

VALID, HOSTILE, HOSTILE_LABELS, SEED = 3_000, 3_000, 1_000, 7


def hostile(kind: Kind, count: int) -> list[Message]:
    """Return hostile records, some of them tombstones or under keys that are not text."""
    chance = random.Random(SEED)  # noqa: S311 - the same each time
    records = [spoiled(chance, message_of(item)) for item in HostileRecords(kind, SEED).draw(count)]
    return [*records, (b"k" * 60_000, bytes(900_000))]


def rejected(kind: Kind, records: list[Message]) -> dict[int, Reason]:
    """Return the records that the job must reject, determined without it."""
    keys = [None if key is None else key.decode("utf-8", "replace") for key, _ in records]
    batch = kind.decoder.decode(keys, [value or b"" for _, value in records], np.full(len(records), now_ms()))
    return {item.row: item.reason for item in batch.rejections}


def is_readable(key: bytes) -> bool:
    text = key.decode("utf-8", "replace")
    return text.encode() == key and not text.startswith(("\ufeff", "\ufffe"))


def check_letter(letter: dict[str, Any], sent: Message) -> None:
    """Compare a letter with its record: all bytes, or the first ones and their number."""
    key, value = sent[0], sent[1] or b""
    kept = value[: Limits().max_record_bytes]
    assert letter["payload"] == kept
    assert letter["payload_size"] == (len(value) if len(kept) < len(value) else None)
    assert (letter["key"] is None) == (key is None)
    if key is not None and is_readable(key):
        text = key.decode()
        assert text.startswith(letter["key"])
        assert letter["key_size"] == (len(text) if len(text) > len(letter["key"]) else None)


def test_each_record_has_one_outcome_and_valid_customers_have_the_scores_of_the_replay(open_lane, artifact):
    lane, table = open_lane(), card_world(VALID)
    chance = random.Random(SEED)  # noqa: S311
    # The hostile ones are mixed with the valid ones, which stay in sequence.
    records: list[Message] = [*encode_transactions(table, FileRegistry(), "t-value")]
    for item in hostile(TRANSACTIONS, HOSTILE):
        records.insert(chance.randrange(len(records) + 1), item)
    labels = hostile(LABELS, HOSTILE_LABELS)
    sent = {
        lane.topics.transactions: (records, rejected(TRANSACTIONS, records)),
        lane.topics.labels: (labels, rejected(LABELS, labels)),
    }
    positions = {topic: lane.send_raw(items, topic) for topic, (items, _) in sent.items()}
    lane.submit()
    accepted = len(records) - len(sent[lane.topics.transactions][1])
    bad = sum(len(reasons) for _, reasons in sent.values())
    lane.await_records(lane.topics.scores, accepted)
    lane.await_records(lane.topics.dead_letters, bad)
    lane.cancel()

    letters = {(item["topic"], item["partition"], item["offset"]): item for item in lane.dead_letters()}
    assert len(letters) == len(lane.dead_letters()) == bad, "each once"
    for topic, (items, reasons) in sent.items():
        for row, reason in reasons.items():
            letter = letters[(topic, *positions[topic][row])]
            assert letter["reason"] == reason.value
            check_letter(letter, items[row])
    scores = lane.scores()
    assert len(scores) == accepted
    expected = Expected.of(table, artifact).scores
    assert {item["transaction_id"]: item["score"] for item in scores if item["transaction_id"] in expected} == expected
    assert all(0 <= item["score"] <= 1 for item in scores)
