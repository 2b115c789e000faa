from datetime import UTC, datetime

import pytest

from runtime.dead_letters import DeadLetter, Wanted, decoded
from runtime.settings import load_settings
from schemas.registry import FileRegistry
from schemas.rejection import Reason
from tests.records import transaction, transaction_codec

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def letter(**changed) -> DeadLetter:
    fields = {
        "place": "0:17",
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
        ({"places": frozenset({"0:17", "0:18"})}, {"place": "1:17"}),
        ({"topic": "fraud.transactions.v1"}, {"topic": "fraud.labels.v1"}),
        ({"key": "c1"}, {"key": "c2"}),
        ({"since": NOON}, {"failed_at": NOON.replace(hour=11)}),
        ({"until": NOON.replace(hour=13)}, {"failed_at": NOON.replace(hour=13)}),
    ],
)
def test_each_condition_takes_what_meets_it_and_leaves_the_rest(condition, other):
    meets = letter(key="c1")
    assert Wanted().has(meets)
    assert Wanted(**condition).has(meets)
    assert not Wanted(**condition).has(letter(**{"key": "c1", **other}))


def test_record_in_a_letter_is_read_where_its_topic_tells_the_kind():
    payload = transaction_codec().encode(transaction())
    settings, registry = load_settings(None), FileRegistry()
    assert decoded(settings, registry, letter(payload=payload))["transaction_id"] == transaction()["transaction_id"]
    assert decoded(settings, registry, letter(payload=payload[:-3])) is None
    assert decoded(settings, registry, letter(payload=payload, topic="somebody.elses")) is None
