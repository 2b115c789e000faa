"""A shard with rules, and its control records."""

from datetime import timedelta
from types import SimpleNamespace

from jobs.operators.list_reader import ListReader
from jobs.operators.model_reports import ModelReports
from jobs.operators.rule_reader import RuleReader
from jobs.operators.shard_lists import ShardLists
from jobs.operators.shard_rules import NO_RECORDS, ShardRules
from jobs.operators.shard_snoozes import ShardSnoozes
from models.declared.declared_features import declared_features
from models.declared.declared_rules import names_of_rules
from models.scoring.decision import Decision
from models.scoring.history_scorer import HistoryScorer
from schemas.avro_schemas import LIST_ENTRY, MODEL_EVENT, RULES, SNOOZE
from schemas.codec import RecordCodec
from schemas.columns import TRANSACTION_ARROW
from schemas.customer_snooze import CustomerSnooze
from schemas.registry import FileRegistry
from tests.records import NOON, NOON_MS
from tests.unit.jobs.job_configs import job_config
from tests.unit.jobs.map_state import MapLike
from tests.unit.jobs.value_state import Value
from tests.unit.training.histories import artifact, history

BOOKS, EVENTS, SNOOZES, LISTS = (
    RecordCodec(name, "", FileRegistry()) for name in (RULES, MODEL_EVENT, SNOOZE, LIST_ENTRY)
)
LATER = NOON + timedelta(days=3_650)


class Counts:
    """In-memory counters."""

    def __init__(self):
        self.refusals, self.hits = 0, []

    def ruled(self, _rules, ruling):
        self.hits.append(ruling.hits)

    def rules_refused(self):
        self.refusals += 1


def shard_state():
    return SimpleNamespace(
        rules=Value(),
        pending_rules=Value(),
        snoozes=MapLike(),
        list_entries=MapLike(),
        begun=Value(),
        put_all=dict.update,
    )


class Shard:
    """Rules of one shard; each method returns the resulting model events."""

    def __init__(self, state=None, declaration=None):
        self.state = state or shard_state()
        self.counts = Counts()
        reports = ModelReports(job_config(), FileRegistry())
        self.reader = RuleReader(BOOKS, names_of_rules(declaration))
        snoozes = ShardSnoozes(self.state.snoozes, SNOOZES)
        self.entries = ListReader(LISTS)
        lists = ShardLists(self.state, self.entries)
        declared = None if declaration is None else declared_features(declaration)
        self.rules = ShardRules(4, self.state, self.reader, reports, self.counts, snoozes, lists, declared=declared)

    def begin(self, first=None, records=NO_RECORDS):
        return reported(self.rules.begin(NOON_MS, first, records))

    def apply(self, rule_book):
        return self.apply_raw(encoded(rule_book))

    def apply_raw(self, payload):
        self.rules.apply(payload)
        self.reader.request(payload).result(30)
        return reported(self.rules.poll(NOON_MS))

    def snooze(self, customer_id, payload):
        return reported(self.rules.snooze(customer_id, payload, NOON_MS))

    def decisions(self):
        ruled, ruling = self.rules.rule(*scored())
        self.rules.count(ruling)
        return {Decision(value).name for value in ruled.decisions}, ruling


def encoded(rule_book):
    return BOOKS.encode(rule_book.to_record())


def reported(rows):
    events = [EVENTS.decode(payload) for topic, _keys, payloads in rows for payload in payloads]
    return [(event["kind"], event["deployment_id"], event["shard"], event["detail"]) for event in events]


def scored():
    (records,) = history().slice(0, 50).select(TRANSACTION_ARROW.names).combine_chunks().to_batches()
    return records, HistoryScorer(artifact()).score(records)


def snoozed(customer_id, until, snooze_id="s1"):
    found = CustomerSnooze(
        snooze_id=snooze_id, customer_id=customer_id, until=until, reason="", changed_at=NOON, changed_by="tests"
    )
    return SNOOZES.encode(found.to_record())
