"""Foreign records in the topics, each with a valid record of the same kind."""

from datetime import timedelta
from typing import Any

from models.features.table import FEATURE_NAMES, spec_hash
from schemas.avro_schemas import (
    ALERT,
    CONTROL,
    DEAD_LETTER,
    DRIFT,
    FEATURE_ANSWER,
    FEATURE_QUERY,
    INFERENCE,
    LABEL,
    LIST_ENTRY,
    MODEL_EVENT,
    RULES,
    SCORE,
    SHADOW,
    SNOOZE,
    TRANSACTION,
)
from schemas.codec import RecordCodec
from schemas.customer_snooze import CustomerSnooze
from schemas.deployment import Challenger, Deployment, Served
from schemas.framing import header
from schemas.list_entry import ListEntryRecord
from schemas.registry import FileRegistry
from schemas.rule_book import Rule, RuleBook, RuleList
from tests.records import NOON, label, transaction

Keyed = tuple[bytes | None, bytes | None]

KEYS = (
    None, b"", b"\xff\xfe\x00", b"c0", b"deployment", b"rules", b"snooze/c0", b"snooze/\xff", b"list/frozen/c0",
    b"list/\xff", b"\xed\xa0\x80",
)  # fmt: skip
"""Keys of foreign records: none, empty, invalid UTF-8, and those used by compaction and readers."""


def encoded(kind: str, record: dict[str, Any]) -> bytes:
    """Return a record as key and payload of a topic."""
    return RecordCodec(kind, "any", FileRegistry()).encode(record)


def valid_records(model_id: str) -> dict[str, list[tuple[str, Keyed]]]:
    """Return kinds and keyed records by the field of `Topics`; the control topic has four.

    Parameters
    ----------
    model_id
        Id of the model in the records.
    """
    one = transaction(1)
    later = NOON + timedelta(minutes=2)
    named = {
        "transaction_id": one["transaction_id"],
        "customer_id": one["customer_id"],
        "event_time": one["event_time"],
    }
    score = {**named, "scored_at": later, "score": 0.9, "decision": "BLOCK", "model_id": model_id}
    amount = {"merchant_id": one["merchant_id"], "amount_minor": one["amount_minor"]}
    features = dict.fromkeys(FEATURE_NAMES, 1.0)
    records = {
        "transactions": (TRANSACTION, one),
        "labels": (LABEL, label(1)),
        "scores": (SCORE, {**score, "feature_spec_hash": spec_hash(), "shard": 1, "label_offsets": [0]}),
        "alerts": (ALERT, {
            **score, **amount, "alert_id": "good-alert", "currency": "EUR", "feature_spec_hash": spec_hash(),
            "review_threshold": 0.5, "block_threshold": 0.8, "features": features, "reasons": [],
        }),
        "drift": (DRIFT, {
            "drift_id": "d", "signal": "score", "detector": "psi", "detected_at": later, "event_time": NOON,
            "observation": 1, "estimate": 0.5, "observed": 0.5, "model_id": model_id,
        }),
        "dead_letters": (DEAD_LETTER, {
            "reason": "NULL_KEY", "detail": "expected a key", "topic": "TRANSACTIONS", "partition": 0, "offset": 0,
            "key": "c1", "payload": b"nonsense", "failed_at": later,
        }),
        "inference": (INFERENCE, {
            **score, **amount, "feature_spec_hash": spec_hash(), "shard": 1, "partition": 0, "offset": 0,
            "label_offsets": [0], "features": [1.0] * len(FEATURE_NAMES),
        }),
        "model_events": (MODEL_EVENT, {
            "deployment_id": "good-deployment", "shard": 1, "at": later, "kind": "SERVING", "model_id": model_id,
            "challengers": ["other"], "detail": "", "took_ms": 1,
        }),
        "shadow": (SHADOW, {
            "deployment_id": "good-deployment", "shard": 1, "begin": NOON, "end": later, "champion_id": model_id,
            "challenger_id": "other", "transactions": 7, "decided": 0, "agreed": 7, "champion_alerts": 1,
            "challenger_alerts": 1, "both_alert": 1, "difference_sum": 0.5, "difference_max": 0.5,
        }),
        "queries": (FEATURE_QUERY, {**one, "query_id": "q"}),
        "features": (FEATURE_ANSWER, {
            "query_id": "q", "customer_id": one["customer_id"], "event_time": NOON, "answered_at": later, "shard": 1,
            "feature_spec_hash": spec_hash(), "features": features,
        }),
    }  # fmt: skip
    key = one["customer_id"].encode()
    found = {topic: [(kind, (key, encoded(kind, record)))] for topic, (kind, record) in records.items()}
    return {**found, "control": _control_records(model_id)}


def _control_records(model_id: str) -> list[tuple[str, Keyed]]:
    who = {"changed_at": NOON, "changed_by": "jane", "reason": ""}
    deployment = Deployment(
        deployment_id="good-deployment",
        champion=Served(model_id=model_id, location="/models/a", sha256="a"),
        challengers=(Challenger(model_id="other", location="/models/b", sha256="b"),),
        **who,
    )
    rule = Rule(name="good_rule", when="amount_minor > 100000", action="REVIEW", text="much")
    book = RuleBook(book_id="good-book", rules=(rule,), lists=(RuleList(name="frozen", entries=()),), **who)
    until = NOON.replace(year=2999)
    snooze = CustomerSnooze(snooze_id="s", customer_id="good-customer", until=until, **who)
    entry = ListEntryRecord(change_id="e", list="frozen", value="good-merchant", until=None, **who)
    return [
        (CONTROL, (b"deployment", encoded(CONTROL, deployment.to_record()))),
        (RULES, (b"rules", encoded(RULES, book.to_record()))),
        (SNOOZE, (b"snooze/good-customer", encoded(SNOOZE, snooze.to_record()))),
        (LIST_ENTRY, (entry.key.encode(), encoded(LIST_ENTRY, entry.to_record()))),
    ]


def foreign_values(valid: bytes, other: bytes) -> list[bytes | None]:
    """Return values that are no records of a topic.

    Parameters
    ----------
    good
        A record of the topic, to truncate.
    other
        A record of another schema.
    """
    return [
        None, b"", b"test", b"\0", header(2_000_000_000), header(2_000_000_000) + b"body", other,
        valid[: len(valid) // 2], valid + b"x", valid[:5], b'{"transaction_id": 1}', b"\x01" + valid[1:],
        valid[:5] + b"\xff" * 40, valid[:5] + bytes(500),
    ]  # fmt: skip


def foreign_records(valid: bytes, other: bytes, *, compacted: bool) -> list[Keyed]:
    """Return each value under each key, without tombstones of control keys, which are valid records.

    A broker accepts no record without a key in a compacted topic.
    """
    return [
        (key, value)
        for value in foreign_values(valid, other)
        for key in KEYS
        if not (compacted and key is None)
        if value or not (key or b"").startswith((b"deployment", b"rules", b"snooze/c", b"list/frozen"))
    ]
