import gc
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from pyflink.common import Row
from pyflink.datastream import KeyedProcessFunction, OutputTag, RuntimeContext

from jobs.job_config import JobConfig
from jobs.operators.counts import Counts
from jobs.operators.feature_answers import FeatureAnswers
from jobs.operators.job_model import JobModel
from jobs.operators.label_reader import LabelReader
from jobs.operators.model_reports import ModelReports
from jobs.operators.rule_reader import RuleReader
from jobs.operators.serving import Serving
from jobs.operators.serving_loader import ServingLoader
from jobs.operators.shard_models import ShardModels
from jobs.operators.shard_rules import ShardRules
from jobs.operators.shard_scorer import ShardScorer
from jobs.operators.shard_state import ShardState
from jobs.record_types import (
    LABELS,
    QUERIES,
    RULES,
    SAME_LABELS,
    SIGNAL_OBSERVATION,
    TRANSACTIONS,
    kafka_times_ms,
)
from jobs.shards import SHARD_KEYS
from models.features.pool import Load
from models.features.warm_up import warm_up
from models.rules.ruling import NONE_FIRED, Ruling
from models.rules.text_search import warm_up_search
from models.scoring.decision import Decision
from models.scoring.transaction_scorer import ScoredBatch, TransactionScorer
from schemas import avro_schemas
from schemas.codec import RecordCodec
from schemas.label_batch import LabelBatchDecoder
from schemas.registry import rules_subject, value_subject
from schemas.steady_registry import open_steady_registry
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import event_time_ms
from schemas.wall_clock import now_ms

OBSERVATIONS = OutputTag("observations", SIGNAL_OBSERVATION)


class ScoreBatch(KeyedProcessFunction):
    """Scores the micro-batches of its shards; keyed by shard, so it owns all that a shard's customers ever did.

    Micro-batches of labels come to every shard. What becomes of late, equal-time and duplicate transactions, and of
    late, doubled and reversed labels: see FeatureEngine. Deployments and rules come to every shard too, see ShardModels
    and ShardRules. What is stored: see ShardState.
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
        self._shards: dict[int, tuple[ShardScorer, ShardModels, ShardRules]] = {}
        self._transactions = TransactionBatchDecoder(value_subject(config.topics.transactions), registry, config.limits)
        self._labels = LabelReader(LabelBatchDecoder(value_subject(config.topics.labels), registry, config.limits))
        control = RecordCodec(avro_schemas.CONTROL, value_subject(config.topics.control), registry)
        self._loader = ServingLoader(control, partial(Serving.load, config, registry))
        books = RecordCodec(avro_schemas.RULES, rules_subject(config.topics.control), registry)
        self._rules = RuleReader(books)
        self._reports = ModelReports(config, registry)
        self._answers = FeatureAnswers(config, registry)
        self._counts = Counts(runtime_context)
        warm_up()
        warm_up_search()

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Any]:
        """Take in one MICRO_BATCH; emit TOPIC_BATCHes, and SIGNAL_OBSERVATIONs beside them."""
        key = ctx.get_current_key()
        if key not in self._shards:
            yield from self._begin(key)
        shard, models, rules = self._shards[key]
        kind, *records = value
        if kind == TRANSACTIONS:
            yield from self._score(shard, models, rules, *records)
        elif kind == LABELS:
            yield from self._learn(shard, *records)
        elif kind == QUERIES:
            yield from self._answers.to(shard, records[0], records[1], now_ms())
        elif kind == SAME_LABELS:
            self._learn_the_same(shard, *records)
        elif kind == RULES:
            yield from rules.order(records[1][0], now_ms())
        else:
            models.order(records[1][0], now_ms())
        self._wake(models, ctx)

    def on_timer(self, _timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Any]:
        """See to a shard's models where no batch does."""
        key = ctx.get_current_key()
        if key not in self._shards:
            yield from self._begin(key)
        _, models, _ = self._shards[key]
        models.alarm_ms = None
        yield from models.look(now_ms())
        self._wake(models, ctx)

    def _begin(self, key: int) -> Iterator[Any]:
        self._own = self._job_model.serving(self._state.deployment.value(), self._loader)
        self._dead_letters = self._own.desks[0].outputs.dead_letters
        shard = ShardScorer(key, self._new_scorer, self._state)
        models = ShardModels(key, self._state, self._loader, self._own, shard.serve, self._reports, self._counts)
        rules = ShardRules(key, self._state, self._rules, self._reports, self._counts)
        self._shards[key] = shard, models, rules
        yield from models.begin(now_ms())
        yield from rules.begin(now_ms())

    @staticmethod
    def _wake(models: ShardModels, ctx: KeyedProcessFunction.Context) -> None:
        due_ms = models.next_look_ms(now_ms())
        if due_ms is not None and (models.alarm_ms is None or due_ms < models.alarm_ms):
            models.alarm_ms = due_ms
            ctx.timer_service().register_processing_time_timer(due_ms)

    def _score(
        self,
        shard: ShardScorer,
        models: ShardModels,
        rules: ShardRules,
        keys: list[str],
        payloads: list[bytes],
        positions: list[int],
        stamps: list[int],
    ) -> Iterator[Any]:
        batch = self._transactions.decode(keys, payloads, kafka_times_ms(stamps))
        now = now_ms()
        yield from models.look(now)
        if batch.rejections:
            self._counts.set_aside(batch.rejections)
            topic = self._config.topics.transactions
            yield from self._dead_letters(topic, batch.rejections, keys, payloads, positions, now)
            positions = np.delete(positions, [rejection.row for rejection in batch.rejections]).tolist()
        if len(batch.records) == 0:
            return
        scored = shard.score(batch.records, now)
        # Challengers are compared, and drift is watched, by what the models decide alone.
        ruled, ruling = rules.rule(batch.records, scored)
        self._counts.scored(len(batch.records), int(np.count_nonzero(ruled.decisions != Decision.APPROVE)))
        yield from self._write(shard, models, batch.records, ruled, ruling, positions, now)
        models.compare(scored, now)
        yield from self._observe(models.serving, scored, event_time_ms(batch.records))

    @staticmethod
    def _write(
        shard: ShardScorer,
        models: ShardModels,
        records: pa.RecordBatch,
        scored: ScoredBatch,
        ruling: Ruling | None,
        positions: list[int],
        now: int,
    ) -> Iterator[Any]:
        """Write what was decided, model by model: a customer has one that decides, so its records stay in order."""
        known, desks = shard.label_offsets, models.serving.desks
        for number, rows, part in scored.by_decider():
            some, places = records, positions
            if rows is not None:
                some, places = records.take(pa.array(rows)), [positions[row] for row in rows.tolist()]
            fired = ruling.fired_in(rows) if ruling else NONE_FIRED
            yield from desks[number].outputs.decisions(some, part, shard.key, known, now, fired)
            yield from desks[number].inference_log.sample(some, part, places, shard.key, known, now)

    def _learn(
        self, shard: ShardScorer, keys: list[str], payloads: list[bytes], positions: list[int], stamps: list[int]
    ) -> Iterator[Any]:
        batch = self._labels.read(keys, payloads, positions, stamps)
        if batch.rejections and shard.key == SHARD_KEYS[self._config.shards][0]:  # every shard has them
            self._counts.set_aside(batch.rejections)
            topic = self._config.topics.labels
            yield from self._dead_letters(topic, batch.rejections, keys, payloads, positions, now_ms())
        shard.learn(batch.for_shard(shard.key), batch.positions)

    def _learn_the_same(
        self, shard: ShardScorer, _keys: list[str], _payloads: list[bytes], positions: list[int], _stamps: list[int]
    ) -> None:
        batch = self._labels.last(positions[0])
        shard.learn(batch.for_shard(shard.key), batch.positions)

    def _new_scorer(self, load: Load) -> TransactionScorer:
        state, known = self._state, self._config.labels
        return TransactionScorer(
            self._own.panel,
            load=load,
            load_merchant=state.merchant_labels.get if known else _nothing,
            load_customer=state.customer_labels.get if known else _nothing,
            capacity=self._config.pool_customers,
        )

    def _observe(self, serving: Serving, scored: Any, event_times: Any) -> Iterator[tuple[OutputTag, Row]]:
        unfinished, complete = serving.observer.observe(self._state.observation.value(), scored, event_times)
        self._state.observation.update(unfinished)
        for signal, observation in complete:
            yield OBSERVATIONS, Row(signal, observation.to_json())


def _nothing(_key: str) -> None:
    """Stand for the labels of a job that reads none."""
