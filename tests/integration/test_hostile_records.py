"""Hostile records of both topics through the real job: each has one outcome, and other customers are unaffected."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from fraudstream.control.status import read_status
from fraudstream.system.deadline import wait_until
from producers.encoding import encode_transactions
from schemas.framing import header
from schemas.registry import FileRegistry
from schemas.rejection import Reason
from schemas.validation import Limits
from schemas.wall_clock import now_ms
from tests.batches import LABELS, TRANSACTIONS, Kind
from tests.hostile_records import HostileRecords, Message, message_of, spoiled
from tests.integration.expected import Expected, card_world
from tests.integration.scoring_lane import Lane
from tests.patience import PATIENCE_S
from tests.records import transaction, transaction_codec

pytestmark = pytest.mark.integration

VALID, HOSTILE, HOSTILE_LABELS, SEED = 3_000, 3_000, 1_000, 7
AFTER_TOMORROW = datetime.now(UTC) + timedelta(days=2)


def hostile(kind: Kind, count: int) -> list[Message]:
    """Return hostile records, some of them tombstones or under keys that are not text."""
    chance = random.Random(SEED)  # noqa: S311 - the same each time
    records = [spoiled(chance, message_of(item)) for item in HostileRecords(kind, SEED).draw(count)]
    return [*records, (b"k" * 60_000, bytes(900_000))]


def bad_records():
    """Return (reason, key, value) of records that cannot be scored."""
    encode = transaction_codec().encode
    good = encode(transaction())
    return [
        (Reason.UNDECODABLE, b"c0", b"\x07poison"),
        (Reason.UNDECODABLE, b"c0", good[:-3]),
        (Reason.UNDECODABLE, b"c0", None),
        (Reason.UNKNOWN_SCHEMA, b"c0", header(9_999) + good[5:]),
        (Reason.TRAILING_BYTES, b"c0", good + b"\x00"),
        (Reason.NULL_KEY, None, good),
        (Reason.KEY_MISMATCH, b"somebody else", good),
        (Reason.INVALID_AMOUNT, b"c0", encode(transaction(amount_minor=-1))),
        (Reason.INVALID_PLACE, b"c0", encode(transaction(latitude=91.0))),
        (Reason.EVENT_TIME_AHEAD, b"c0", encode(transaction(event_time=AFTER_TOMORROW))),
    ]


def counts(lane: Lane) -> dict[str, int]:
    """Return what `fraudstream status` says that the job counted."""
    settings = lane.settings.model_copy(
        update={"flink": lane.settings.flink.model_copy(update={"rest_url": lane.services.rest_url})}
    )
    return next(job["counts"] for job in read_status(settings)["jobs"] if job["id"] == lane.job_ids[-1])


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
    bad_ones = [(key, value) for _, key, value in bad_records()]
    for item in [*hostile(TRANSACTIONS, HOSTILE), *bad_ones]:
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
    reasons_sent = Counter(reason.value for _, reasons in sent.values() for reason in reasons.values())
    counted = {f"dead_letters_{reason}": count for reason, count in reasons_sent.items()} | {"transactions": accepted}
    # The TaskManager reports its metrics every few seconds.
    assert wait_until(lambda: counts(lane).items() >= counted.items(), seconds=PATIENCE_S, interval_s=1), counts(lane)
    lane.cancel()

    letters = {(item["topic"], item["partition"], item["offset"]): item for item in lane.dead_letters()}
    assert len(letters) == len(lane.dead_letters()) == bad, "each once"
    for topic, (items, reasons) in sent.items():
        for row, reason in reasons.items():
            letter = letters[(topic, *positions[topic][row])]
            assert letter["reason"] == reason.value
            check_letter(letter, items[row])
    topic, rows = lane.topics.transactions, {record: row for row, record in enumerate(records)}
    for reason, key, value in bad_records():
        letter = letters[(topic, *positions[topic][rows[key, value]])]
        assert letter["reason"] == reason
        assert letter["detail"].startswith("expected ")
    scores = lane.scores()
    assert len(scores) == accepted
    expected = Expected.of(table, artifact).scores
    assert {item["transaction_id"]: item["score"] for item in scores if item["transaction_id"] in expected} == expected
    assert all(0 <= item["score"] <= 1 for item in scores)
