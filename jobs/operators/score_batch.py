import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from pyflink.common import Row
from pyflink.datastream import KeyedProcessFunction, OutputTag, RuntimeContext

from jobs.job_config import JobConfig
from jobs.operators.counts import Counts
from jobs.operators.feature_answers import FeatureAnswers
from jobs.operators.guarded_decoder import GuardedDecoder
from jobs.operators.guarded_scoring import GuardedScoring, Scored
from jobs.operators.job_model import JobModel
from jobs.operators.label_reader import LabelReader, ReadLabels
from jobs.operators.list_reader import ListReader
from jobs.operators.model_reports import ModelReports
from jobs.operators.plain_records import PLAIN_LABEL, PLAIN_TRANSACTION, plain_transaction
from jobs.operators.rule_reader import RuleReader
from jobs.operators.serving import Serving
from jobs.operators.serving_loader import ServingLoader
from jobs.operators.shard_lists import ShardLists
from jobs.operators.shard_models import LOADING_MS, ShardModels
from jobs.operators.shard_rules import ShardRules
from jobs.operators.shard_scorer import ShardScorer
from jobs.operators.shard_snoozes import ShardSnoozes
from jobs.operators.shard_state import ShardState
from jobs.record_types import (
    KNOWN,
    LABELS,
    LIST_ENTRIES,
    QUERIES,
    RULES,
    SAME_LABELS,
    SIGNAL_OBSERVATION,
    SNOOZE,
    TRANSACTIONS,
    kafka_times_ms,
)
from jobs.shards import SHARD_KEYS
from models.features.pool import Load
from models.features.warm_up import warm_up
from models.rules.text_search import warm_up_search
from models.rules.text_table_search import warm_up_table
from models.scoring.decision import Decision
from models.scoring.transaction_scorer import TransactionScorer
from schemas import avro_schemas
from schemas.codec import RecordCodec
from schemas.customer_snooze import SNOOZE_PREFIX
from schemas.label_batch import LabelBatchDecoder
from schemas.registry import SchemaRegistry, lists_subject, rules_subject, snoozes_subject, value_subject
from schemas.rejection import Rejection
from schemas.resilient_registry import open_steady_registry
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.wall_clock import now_ms

OBSERVATIONS = OutputTag("observations", SIGNAL_OBSERVATION)


@dataclass(frozen=True, kw_only=True, eq=False)
class Lane:
    """All that works for one shard."""

    shard: ShardScorer
    models: ShardModels
    rules: ShardRules
    scoring: GuardedScoring


class ScoreBatch(KeyedProcessFunction):
    """Scores the micro-batches of its shards; keyed by shard, so it owns all that a shard's customers ever did.

    Micro-batches of labels come to every shard. What becomes of late, equal-time and duplicate transactions, and of
    late, doubled and reversed labels: see FeatureEngine. Deployments and rules come to every shard too, see ShardModels
    and ShardRules. What is stored: see ShardState. What becomes of records that make any of this fail: see `settled`.
    """

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, runtime_context: RuntimeContext) -> None:
        """Load the model, if it can be, and compile the kernels before the first batch comes."""
        # In thread mode the interpreter outlives the job. What an earlier attempt left is held in cycles, and its
        # handles hold that attempt's whole state in the TaskManager's heap: some restarts would fill it.
        gc.collect()
        config = self._config
        registry = open_steady_registry(config.registry)
        self._job_model = JobModel(config, registry)
        self._state = ShardState(runtime_context, config.mode)
        self._shards: dict[int, Lane] = {}
        self._first_records = config.first_records_by_key
        subject = value_subject(config.topics.transactions)
        self._transactions = GuardedDecoder(
            TransactionBatchDecoder(subject, registry, config.limits),
            _plain(avro_schemas.TRANSACTION, subject, registry, PLAIN_TRANSACTION),
        )
        subject = value_subject(config.topics.labels)
        self._labels = LabelReader(
            LabelBatchDecoder(subject, registry, config.limits),
            _plain(avro_schemas.LABEL, subject, registry, PLAIN_LABEL),
        )
        control = RecordCodec(avro_schemas.CONTROL, value_subject(config.topics.control), registry)
        self._loader = ServingLoader(control, partial(Serving.load, config, registry))
        books = RecordCodec(avro_schemas.RULES, rules_subject(config.topics.control), registry)
        self._rules = RuleReader(books)
        self._snoozes = RecordCodec(avro_schemas.SNOOZE, snoozes_subject(config.topics.control), registry)
        self._lists = ListReader(RecordCodec(avro_schemas.LIST_ENTRY, lists_subject(config.topics.control), registry))
        self._reports = ModelReports(config, registry)
        self._answers = FeatureAnswers(config, registry)
        self._counts = Counts(runtime_context)
        warm_up()
        warm_up_search()
        warm_up_table()

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Any]:
        """Take in one MICRO_BATCH; emit TOPIC_BATCHes, and SIGNAL_OBSERVATIONs beside them."""
        key = ctx.get_current_key()
        if key not in self._shards:
            yield from self._begin(key)
        lane = self._shards[key]
        kind, *records = value
        if kind == TRANSACTIONS:
            yield from self._score(lane, *records)
        elif kind == LABELS:
            yield from self._learn(lane, *records)
        elif kind == QUERIES:
            yield from self._answers.to(lane.shard, records[0], records[1], now_ms())
        elif kind == SAME_LABELS:
            yield from self._learned(lane, self._labels.last(records[2][0]))
        elif kind == RULES:
            lane.rules.order(records[1][0])
        elif kind == SNOOZE:
            customer_id = records[0][0].removeprefix(SNOOZE_PREFIX)
            yield from lane.rules.snooze(customer_id, records[1][0], now_ms())
        elif kind == LIST_ENTRIES:
            yield from lane.rules.follow_entries(self._lists.read(*records[:3]), now_ms())
        elif kind != KNOWN:
            lane.models.order(records[1][0], now_ms())
        self._wake(lane, ctx)

    def on_timer(self, _timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Any]:
        """See to a shard's models where no batch does."""
        key = ctx.get_current_key()
        if key not in self._shards:
            yield from self._begin(key)
        lane = self._shards[key]
        lane.models.next_timer_ms = None
        yield from lane.models.look(now_ms())
        yield from lane.rules.look(now_ms())
        self._wake(lane, ctx)

    def _begin(self, key: int) -> Iterator[Any]:
        kept = self._state.deployment.value() or self._config.first_deployment_bytes
        self._own = self._job_model.serving(kept, self._loader)
        self._dead_letters = self._own.desks[0].outputs.dead_letters
        shard = ShardScorer(key, self._new_scorer, self._state)
        models = ShardModels(
            key,
            self._state,
            self._loader,
            self._own,
            shard.serve,
            self._reports,
            self._counts,
            self._config.challenger_time_ratio,
        )
        rules = ShardRules(
            key,
            self._state,
            self._rules,
            self._reports,
            self._counts,
            ShardSnoozes(self._state.snoozes, self._snoozes),
            ShardLists(self._state, self._lists),
            self._config.time_zone,
        )
        scoring = GuardedScoring(shard, models, rules, plain_transaction())
        self._shards[key] = Lane(shard=shard, models=models, rules=rules, scoring=scoring)
        yield from models.begin(now_ms(), self._config.first_deployment_bytes)
        yield from rules.begin(now_ms(), self._config.first_rules_bytes, self._first_records)

    @staticmethod
    def _wake(lane: Lane, ctx: KeyedProcessFunction.Context) -> None:
        now, models = now_ms(), lane.models
        due_ms = models.next_poll_ms(now) if lane.rules.next_poll_ms(now) is None else now + LOADING_MS
        if due_ms is not None and (models.next_timer_ms is None or due_ms < models.next_timer_ms):
            models.next_timer_ms = due_ms
            ctx.timer_service().register_processing_time_timer(due_ms)

    def _score(
        self,
        lane: Lane,
        keys: list[str],
        payloads: list[bytes],
        positions: list[int],
        stamps: list[int],
    ) -> Iterator[Any]:
        batch = self._transactions.decode(keys, payloads, kafka_times_ms(stamps))
        now = now_ms()
        yield from lane.models.look(now)
        yield from lane.rules.look(now)
        records, rejections = batch.records, batch.rejections
        places = np.delete(np.arange(len(keys)), [rejection.row for rejection in rejections]) if rejections else None
        if len(records):
            known = positions if places is None else [positions[place] for place in places.tolist()]
            scored = lane.scoring.score(records, known, self._state.observation.value(), now)
            yield from self._kept(lane, scored, now)
            rows = scored.rejections
            rejections += rows if places is None else [replace(item, row=int(places[item.row])) for item in rows]
        if rejections:
            self._counts.set_aside(rejections)
            topic = self._config.topics.transactions
            yield from self._dead_letters(topic, rejections, keys, payloads, positions, now)

    def _kept(self, lane: Lane, scored: Scored, now: int) -> Iterator[Any]:
        """Store what is known now, then emit it."""
        yield from scored.events
        if not scored.parts:
            return
        lane.shard.store(max(part.newest_ms for part in scored.parts), now)
        self._state.observation.update(scored.parts[-1].unfinished)
        for part in scored.parts:
            ruled = part.ruled.decisions
            self._counts.scored(len(ruled), int(np.count_nonzero(ruled != Decision.APPROVE)))
            lane.rules.count(part.ruling)
            yield from part.rows
            if part.serving is lane.models.serving:
                lane.models.compare(part.scored, now)
                yield from lane.models.hold_to_budget(part.scored.verdict, now)
            for signal, observation in part.observed:
                yield OBSERVATIONS, Row(signal, observation.to_json())

    def _learn(
        self, lane: Lane, keys: list[str], payloads: list[bytes], positions: list[int], stamps: list[int]
    ) -> Iterator[Any]:
        batch = self._labels.read(keys, payloads, positions, stamps)
        if batch.rejections and lane.shard.key == SHARD_KEYS[self._config.shards][0]:  # every shard has them
            yield from self._labels_set_aside(batch.rejections, keys, payloads, positions)
        yield from self._learned(lane, batch)

    def _learned(self, lane: Lane, batch: ReadLabels) -> Iterator[Any]:
        """Learn labels; of each that fails, its customer's shard has the dead letter, however many shards it fails."""
        failed = lane.shard.learn(batch.for_shard(lane.shard.key), batch.positions)
        if failed:
            letters = batch.letters(failed, lane.shard.key)
            yield from self._labels_set_aside(letters, batch.keys, batch.payloads, batch.positions.tolist())

    def _labels_set_aside(
        self,
        rejections: list[Rejection],
        keys: Sequence[str | None],
        payloads: Sequence[bytes],
        positions: Sequence[int],
    ) -> Iterator[Any]:
        self._counts.set_aside(rejections)
        topic = self._config.topics.labels
        yield from self._dead_letters(topic, rejections, keys, payloads, positions, now_ms())

    def _new_scorer(self, load: Load) -> TransactionScorer:
        state, known = self._state, self._config.labels
        return TransactionScorer(
            self._own.panel,
            load=load,
            load_merchant=partial(state.read, state.merchant_labels) if known else _nothing,
            load_customer=partial(state.read, state.customer_labels) if known else _nothing,
            capacity=max(1, self._config.pool_customers // self._config.shards),
        )


def _plain(name: str, subject: str, registry: SchemaRegistry, record: dict[str, Any]) -> tuple[str, bytes]:
    """Return a record's key and payload."""
    return record["customer_id"], RecordCodec(name, subject, registry).encode(record)


def _nothing(_key: str) -> None:
    """Stand for the labels of a job that reads none."""
