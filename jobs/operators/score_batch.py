import gc
from collections.abc import Iterator
from typing import Any

import numpy as np
from pyflink.common import Row
from pyflink.datastream import KeyedProcessFunction, OutputTag, RuntimeContext

from jobs.job_config import JobConfig
from jobs.operators.counts import Counts
from jobs.operators.feature_answers import FeatureAnswers
from jobs.operators.inference_log import InferenceLog
from jobs.operators.label_reader import LabelReader
from jobs.operators.outputs import Outputs
from jobs.operators.shard_scorer import ShardScorer
from jobs.operators.shard_state import ShardState
from jobs.record_types import LABELS, QUERIES, SIGNAL_OBSERVATION, TRANSACTIONS, kafka_times_ms
from jobs.shards import SHARD_KEYS
from models.drift.observation import Accumulator
from models.drift.signals import SIGNALS, signal_matrix
from models.features.pool import Load
from models.features.warm_up import warm_up
from models.scoring.artifact import load_artifact
from models.scoring.decision import Decision
from models.scoring.model import OnnxModel
from models.scoring.transaction_scorer import TransactionScorer
from schemas.label_batch import LabelBatchDecoder
from schemas.registry import value_subject
from schemas.steady_registry import open_steady_registry
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import event_time_ms
from schemas.wall_clock import now_ms

OBSERVATIONS = OutputTag("observations", SIGNAL_OBSERVATION)


class ScoreBatch(KeyedProcessFunction):
    """Scores the micro-batches of its shards; keyed by shard, so it owns all that a shard's customers ever did.

    Micro-batches of labels come to every shard. What becomes of late, equal-time and duplicate transactions, and of
    late, doubled and reversed labels: see FeatureEngine. What is stored: see ShardState.
    """

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, runtime_context: RuntimeContext) -> None:
        """Load the model, and compile the kernels before the first batch comes."""
        # In thread mode the interpreter outlives the job. What an earlier attempt left is held in cycles, and its
        # handles hold that attempt's whole state in the TaskManager's heap: some restarts would fill it.
        gc.collect()
        config = self._config
        registry = open_steady_registry(config.registry)
        self._artifact = load_artifact(config.model_folder)
        self._model = OnnxModel(self._artifact.onnx)
        self._state = ShardState(runtime_context, config.mode)
        self._shards: dict[int, ShardScorer] = {}
        self._transactions = TransactionBatchDecoder(value_subject(config.topics.transactions), registry, config.limits)
        self._labels = LabelReader(LabelBatchDecoder(value_subject(config.topics.labels), registry, config.limits))
        self._outputs = Outputs(config, self._artifact, registry)
        self._inference_log = InferenceLog(config, self._artifact.manifest, registry)
        self._answers = FeatureAnswers(config, registry)
        self._counts = Counts(runtime_context)
        warm_up()

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Any]:
        """Take in one MICRO_BATCH; emit TOPIC_BATCHes, and SIGNAL_OBSERVATIONs beside them."""
        key = ctx.get_current_key()
        if (shard := self._shards.get(key)) is None:
            shard = self._shards[key] = ShardScorer(key, self._new_scorer, self._state)
        kind, *records = value
        if kind == TRANSACTIONS:
            yield from self._score(shard, *records)
        elif kind == LABELS:
            yield from self._learn(shard, *records)
        elif kind == QUERIES:
            yield from self._answers.to(shard, records[0], records[1], now_ms())
        else:
            self._learn_the_same(shard, *records)

    def _score(
        self, shard: ShardScorer, keys: list[str], payloads: list[bytes], positions: list[int], stamps: list[int]
    ) -> Iterator[Any]:
        batch = self._transactions.decode(keys, payloads, kafka_times_ms(stamps))
        now = now_ms()
        if batch.rejections:
            self._counts.set_aside(batch.rejections)
            topic = self._config.topics.transactions
            yield from self._outputs.dead_letters(topic, batch.rejections, keys, payloads, positions, now)
            positions = np.delete(positions, [rejection.row for rejection in batch.rejections]).tolist()
        if len(batch.records) == 0:
            return
        scored = shard.score(batch.records, now)
        self._counts.scored(len(batch.records), int(np.count_nonzero(scored.decisions != Decision.APPROVE)))
        known = shard.label_offsets
        yield from self._outputs.decisions(batch.records, scored, shard.key, known, now)
        yield from self._inference_log.sample(batch.records, scored, positions, shard.key, known, now)
        yield from self._observe(scored, event_time_ms(batch.records))

    def _learn(
        self, shard: ShardScorer, keys: list[str], payloads: list[bytes], positions: list[int], stamps: list[int]
    ) -> Iterator[Any]:
        batch = self._labels.read(keys, payloads, positions, stamps)
        if batch.rejections and shard.key == SHARD_KEYS[self._config.shards][0]:  # every shard has them
            self._counts.set_aside(batch.rejections)
            topic = self._config.topics.labels
            yield from self._outputs.dead_letters(topic, batch.rejections, keys, payloads, positions, now_ms())
        shard.learn(batch.for_shard(shard.key), batch.positions)

    def _learn_the_same(
        self, shard: ShardScorer, _keys: list[str], _payloads: list[bytes], positions: list[int], _stamps: list[int]
    ) -> None:
        batch = self._labels.last(positions[0])
        shard.learn(batch.for_shard(shard.key), batch.positions)

    def _new_scorer(self, load: Load) -> TransactionScorer:
        state, known = self._state, self._config.labels
        return TransactionScorer(
            self._artifact,
            load=load,
            load_merchant=state.merchant_labels.get if known else _nothing,
            load_customer=state.customer_labels.get if known else _nothing,
            capacity=self._config.pool_customers,
            model=self._model,
        )

    def _observe(self, scored: Any, event_times: Any) -> Iterator[tuple[OutputTag, Row]]:
        accumulator = Accumulator(self._state.observation.value())
        complete = accumulator.update(signal_matrix(scored.x, scored.scores), event_times)
        self._state.observation.update(accumulator.encode())
        for observation in complete:
            for signal, mean in zip(SIGNALS, observation.means.tolist(), strict=True):
                yield OBSERVATIONS, Row(signal.name, Row(mean, observation.event_time_ms))


def _nothing(_key: str) -> None:
    """Stand for the labels of a job that reads none."""
