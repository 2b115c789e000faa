"""A job without state starts with the control records of its submission; the scoring operator runs without Flink."""

from base64 import b64encode
from datetime import timedelta

from jobs.first_records import pack_records
from jobs.record_types import KNOWN, TRANSACTIONS
from jobs.shards import SHARD_KEYS
from schemas.avro_schemas import TRANSACTION
from schemas.codec import RecordCodec
from schemas.registry import FileRegistry
from schemas.rule_book import ListEntry, RuleList
from tests.records import NOON, NOON_MS, transaction
from tests.unit.jobs.operator_in_memory import OperatorInMemory
from tests.unit.jobs.rule_shard import LATER, encoded, snoozed
from tests.unit.rules.books import book, rule
from tests.unit.training.histories import customer_folder

SHARD = SHARD_KEYS[2][0]
TRANSACTIONS_CODEC = RecordCodec(TRANSACTION, "", FileRegistry())
BOOK = book(
    rule("all", "amount >= 0"),
    rule("frozen", "merchant_id in @frozen", "BLOCK"),
    lists=(RuleList(name="frozen", entries=(ListEntry(value="m-frozen"),)),),
)
PINNED = {
    "first_rules": b64encode(encoded(BOOK)).decode(),
    "first_records": pack_records({"snooze/c-snoozed": snoozed("c-snoozed", LATER)}),
}


def decisions(operator, start, *rows):
    """Return the decisions on transactions of customers at merchants."""
    records = [
        transaction(
            start + number, customer_id=customer, merchant_id=merchant, event_time=NOON + timedelta(seconds=start)
        )
        for number, (customer, merchant) in enumerate(rows)
    ]
    payloads = [(record["customer_id"], TRANSACTIONS_CODEC.encode(record)) for record in records]
    operator.send(TRANSACTIONS, payloads, shard=SHARD, time_ms=NOON_MS + start * 1000)
    return [item["decision"] for item in operator.of("fraud.scores.v1")[-len(rows) :]]


ROWS = ("c-1", "m-1"), ("c-snoozed", "m-1"), ("c-snoozed", "m-frozen")


def test_first_transactions_are_decided_by_the_rules_and_snoozes_in_force():
    operator = OperatorInMemory(customer_folder(), **PINNED)
    assert decisions(operator, 1, *ROWS) == ["REVIEW", "APPROVE", "BLOCK"]


def test_record_of_the_submission_starts_a_shard_and_is_not_applied_again():
    operator = OperatorInMemory(customer_folder(), **PINNED)
    operator.context.key = SHARD
    operator.process((KNOWN, ["deployment"], [b""], [0], [0]))
    reported = [(event["kind"], event["deployment_id"]) for event in operator.of("fraud.model-events.v1")]
    assert ("RULES", BOOK.book_id) in reported
    assert "REFUSED" not in {kind for kind, _ in reported}
    assert operator.context.states["snoozes"].maps[SHARD].keys() == {"c-snoozed"}


def test_restored_job_keeps_the_snoozes_of_its_state_over_those_of_the_submission():
    fresh = OperatorInMemory(customer_folder(), **PINNED)
    decisions(fresh, 1, *ROWS)
    fresh.context.states["snoozes"].maps[SHARD].clear()
    restored = OperatorInMemory(customer_folder(), fresh.context, **PINNED)
    assert decisions(restored, 10, *ROWS) == ["REVIEW", "REVIEW", "BLOCK"]
