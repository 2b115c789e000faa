"""Rule book records."""

from datetime import UTC, datetime

import pytest

from schemas.avro_schemas import CONTROL, RULES
from schemas.codec import RecordCodec, UndecodableError
from schemas.registry import FileRegistry
from schemas.rule_book import ListEntry, RuleBook, RuleList, Snooze
from tests.unit.rules.books import book, rule
from tests.unit.scoring.deployments import deployment

CODEC = RecordCodec(RULES, "", FileRegistry())
SOON = datetime(2026, 12, 1, tzinfo=UTC)


def test_rule_book_round_trip_keeps_every_field():
    written = book(
        rule("night", "is_night", expires=SOON),
        lists=(RuleList(name="some", entries=(ListEntry(value="a", until=SOON), ListEntry(value="b"))),),
        snoozes=(Snooze(customer_id="c1", until=SOON, reason="travels"),),
    )
    assert RuleBook.from_record(CODEC.decode(CODEC.encode(written.to_record()))) == written


def test_deployment_is_no_rule_book():
    served = {"model_id": "m", "location": "/m", "sha256": "0" * 64}
    payload = RecordCodec(CONTROL, "", FileRegistry()).encode(deployment(served).to_record())
    with pytest.raises(UndecodableError):
        CODEC.decode(payload)
