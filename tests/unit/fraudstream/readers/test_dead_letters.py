"""Selection and replay of dead letters."""

from datetime import UTC, datetime

import pytest

from fraudstream.readers.dead_letters import DeadLetter, DeadLetterFilter, Replay, decoded
from fraudstream.settings.settings import load_settings
from schemas.registry import FileRegistry
from schemas.rejection import Reason
from tests.records import transaction, transaction_codec

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def letter(**changed) -> DeadLetter:
    fields = {
        "position": "0:17",
        "reason": Reason.NULL_KEY,
        "detail": "expected a key",
        "topic": "fraud.transactions.v1",
        "partition": 1,
        "offset": 4,
        "key": None,
        "payload": b"",
        "failed_at": NOON,
    }
    return DeadLetter(**{**fields, **changed})


@pytest.mark.parametrize(
    ("condition", "other"),
    [
        ({"reasons": frozenset({Reason.NULL_KEY})}, {"reason": Reason.UNDECODABLE}),
        ({"positions": frozenset({"0:17", "0:18"})}, {"position": "1:17"}),
        ({"topic": "fraud.transactions.v1"}, {"topic": "fraud.labels.v1"}),
        ({"key": "c1"}, {"key": "c2"}),
        ({"since": NOON}, {"failed_at": NOON.replace(hour=11)}),
        ({"until": NOON.replace(hour=13)}, {"failed_at": NOON.replace(hour=13)}),
    ],
)
def test_each_condition_selects_exactly_the_matching_letters(condition, other):
    meets = letter(key="c1")
    assert DeadLetterFilter().matches(meets)
    assert DeadLetterFilter(**condition).matches(meets)
    assert not DeadLetterFilter(**condition).matches(letter(**{"key": "c1", **other}))


def test_record_in_a_letter_is_decoded_by_the_kind_of_its_topic():
    payload = transaction_codec().encode(transaction())
    settings, registry = load_settings(None), FileRegistry()
    assert decoded(settings, registry, letter(payload=payload))["transaction_id"] == transaction()["transaction_id"]
    assert decoded(settings, registry, letter(payload=payload[:-3])) is None
    assert decoded(settings, registry, letter(payload=payload, topic="somebody.elses")) is None


def replayed(*letters):
    return Replay.of(load_settings(None), letters)


def test_records_are_replayed_by_position():
    positions = [(1, 9), (0, 5), (1, 2), (0, 40)]
    found = replayed(*(letter(partition=p, offset=o, payload=bytes([p, o])) for p, o in positions))
    assert [(item.partition, item.offset) for item in found.letters] == sorted(positions)


def test_record_with_several_letters_is_replayed_once():
    written_twice = letter(key="c1", payload=b"a"), letter(key="c1", payload=b"a", position="0:18")
    came_back = letter(key="c1", payload=b"a", offset=77)
    others = letter(key="c1", payload=b"b", offset=5), letter(key="c2", payload=b"a", offset=6)
    found = replayed(*others, came_back, *written_twice)
    assert [(item.key, item.payload, item.offset) for item in found.letters] == [
        ("c1", b"a", 4),
        ("c1", b"b", 5),
        ("c2", b"a", 6),
    ]
    assert found.repeats == 2


def test_parts_of_records_are_distinguished_by_position():
    cut = {"payload": b"a", "payload_size": 50_000}
    assert len(replayed(letter(offset=1, **cut), letter(offset=2, **cut), letter(offset=2, **cut)).letters) == 2


def test_record_that_is_still_too_large_is_not_replayed():
    found = replayed(letter(payload=b"a", payload_size=100_000), letter(offset=5, payload=b"b"))
    assert ([item.payload for item in found.letters], found.too_large) == ([b"b"], 1)


@pytest.mark.parametrize(
    ("changes", "whole"),
    [
        ({}, True),
        ({"key": "c1"}, True),
        ({"key": "c\ufffd"}, False),
        ({"key_size": 9}, False),
        ({"payload_size": 9}, False),
    ],
)
def test_letter_with_all_bytes_of_key_and_value_is_whole(changes, whole):
    assert letter(**changes).is_whole == whole
