"""Foreign records on the control and queries topics of a real job: it continues, and applies later valid records."""

from datetime import timedelta
from uuid import uuid4

import pytest

from fraudstream.control.control_topic import publish_rules
from fraudstream.control.model_events import await_answers as await_shards
from schemas.avro_schemas import CONTROL, FEATURE_QUERY, LIST_ENTRY, RULES, SNOOZE
from schemas.codec import RecordCodec
from schemas.customer_snooze import SNOOZE_PREFIX
from schemas.deployment import DEPLOYMENT_KEY
from schemas.list_entry import LIST_PREFIX
from schemas.registry import lists_subject, rules_subject, snoozes_subject, value_subject
from schemas.rule_book import RULES_KEY
from tests.foreign_writers import ForeignKind, ForeignRecords
from tests.hostile_records import INVALID_KEYS
from tests.integration.deployments import await_answers, deploy, folders
from tests.integration.embedded_registry import known_writers
from tests.integration.expected import Expected, card_world
from tests.records import NOON, transaction
from tests.unit.rules.books import book, rule
from tests.unit.scoring.deployments import deployment, named
from tests.unit.training.histories import customer_folder

pytestmark = pytest.mark.integration

FOREIGN, ROWS, MORE, WRITERS, SEED = 1_500, 2_000, 500, 30, 5
LONG_KEY = b"k" * 60_000
KEYS = [
    *[DEPLOYMENT_KEY.encode()] * 12, *[RULES_KEY.encode()] * 12, *INVALID_KEYS, b"deployments", b"rules\x00", LONG_KEY,
    *(SNOOZE_PREFIX.encode() + end for end in (b"", b"c1", b"c2", b"c3", *INVALID_KEYS, LONG_KEY)),
    *(LIST_PREFIX.encode() + end for end in (b"", b"frozen", b"frozen/c1", b"frozen/c2", *INVALID_KEYS, LONG_KEY)),
    *(LIST_PREFIX.encode() + b"frozen/" + end for end in (*INVALID_KEYS, LONG_KEY)),
]  # fmt: skip
SNOOZED = {
    "snooze_id": "s1", "customer_id": "c1", "until": NOON + timedelta(days=9), "reason": "", "changed_at": NOON,
    "changed_by": "tests",
}  # fmt: skip
LISTED = {
    "change_id": "e1", "list": "frozen", "value": "c1", "until": None, "removed": False, "last": True, "reason": "",
    "changed_at": NOON, "changed_by": "tests",
}  # fmt: skip


def foreign(lane, url, topic, keys, **kinds):
    """Return foreign records for a topic, given the subject and a valid record of each kind."""
    found = []
    for name, (subject, record) in kinds.items():
        writers = known_writers(url, f"{topic}-{name}", name, WRITERS, SEED)
        found.append(ForeignKind(record, RecordCodec(name, subject, lane.registry), writers))
    return [*ForeignRecords(found, keys, SEED).draw(FOREIGN)]


def control_records(lane, url):
    topic = lane.topics.control
    kinds = {
        CONTROL: (value_subject(topic), deployment(named(customer_folder(), location="/nowhere")).to_record()),
        RULES: (rules_subject(topic), book(rule("all", "amount >= 0", "BLOCK", expires=NOON)).to_record()),
        SNOOZE: (snoozes_subject(topic), SNOOZED),
        LIST_ENTRY: (lists_subject(topic), LISTED),
    }
    return foreign(lane, url, topic, KEYS, **kinds)


def queries(lane, url):
    topic, query = lane.topics.queries, transaction()
    query["query_id"] = query.pop("transaction_id")
    return foreign(lane, url, topic, [b"c0", b"c1", *INVALID_KEYS], **{FEATURE_QUERY: (value_subject(topic), query)})


def assert_never_restarted(lane):
    assert lane.rest.restarts(lane.job_ids[-1]) == 0
    assert lane.rest.job(lane.job_ids[-1])["state"] == "RUNNING"


def test_job_continues_among_foreign_control_records_and_queries_and_applies_later_valid_ones(open_lane, url, artifact):
    lane, table = open_lane(registry_url=url), card_world(ROWS + MORE)
    early, late = table.slice(0, ROWS), table.slice(ROWS)
    lane.submit()
    lane.send(early.slice(0, ROWS // 2))
    lane.await_scores(ROWS // 2)
    lane.send_raw(control_records(lane, url), lane.topics.control)
    lane.send_raw(queries(lane, url), lane.topics.queries)
    lane.send(early.slice(ROWS // 2))
    lane.await_scores(ROWS)
    block_all = book(rule("all", "amount >= 0", "BLOCK"), book_id=str(uuid4()))
    publish_rules(lane.broker, block_all)
    answers = await_shards(lane.broker, block_all.book_id)
    assert {shard.answer and (shard.answer.kind, shard.answer.detail) for shard in answers} == {("RULES", "")}
    other = named(folders()[1])
    assert {event["kind"] for event in await_answers(lane, deploy(lane, other))} == {"SERVING"}
    assert_never_restarted(lane)

    lane.submit(savepoint=lane.stop_with_savepoint())
    lane.send(late)
    lane.await_scores(ROWS + MORE)
    assert_never_restarted(lane)
    lane.cancel()
    scores = {item["transaction_id"]: item for item in lane.scores()}
    expected = Expected.of(early, artifact).scores
    assert {name: scores[name]["score"] for name in expected} == expected
    later = [scores[name] for name in late["transaction_id"].to_pylist()]
    assert {(item["model_id"], item["decision"]) for item in later} == {(other["model_id"], "BLOCK")}
