"""The scoring operator: Flink's side of it."""

from collections.abc import Generator, Iterator
from typing import Any

from pyflink.datastream import KeyedProcessFunction, RuntimeContext

from jobs.job_config import JobConfig
from jobs.operators.current_key import CurrentKey
from jobs.operators.label_blobs import decode_customer_labels
from jobs.operators.micro_batch import MicroBatch
from jobs.operators.releasing_operator import ReleasingOperator
from jobs.operators.shard import Shard
from jobs.operators.subtask import Subtask
from jobs.record_types import CUSTOMER_LABELS
from models.features.warm_up import warm_up
from models.rules.text_search import warm_up_search
from models.rules.text_table_search import warm_up_table


class ScoreBatch(ReleasingOperator):
    """Scorer of decoded batches; keyed by shard, so it owns all that a shard's customers ever did.

    A batch is scored when the replies of its entity shards are in, see `Gathering`.
    Labels for all shards of this subtask come in one blob, under the key of their lane. For late, equal-time and
    duplicate transactions, and late, doubled and reversed labels see FeatureEngine. Deployments and rules come to every
    shard, see ShardModels and ShardRules. For what is stored see ShardState, for records that make any of this fail
    `CulpritSearch`.
    """

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, runtime_context: RuntimeContext) -> None:
        """Load the model, if it can be, and compile the kernels before the first batch comes."""
        super().open(runtime_context)
        self._subtask, self._current_key = Subtask(self._config, runtime_context), CurrentKey(runtime_context)
        self._shards: dict[int, Shard] = {}
        warm_up()
        warm_up_search()
        warm_up_table()

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Any]:
        """Process one MICRO_BATCH; emit TOPIC_BATCHes, and SIGNAL_OBSERVATIONs as a side output."""
        batch = MicroBatch(*value)
        if batch.kind == CUSTOMER_LABELS:
            for key, labels in decode_customer_labels(batch.payloads[0]):
                self._current_key.switch(key)
                shard = yield from self._shard(key)
                yield from shard.learn(labels)
                self._set_timer(shard, ctx)
            return
        shard = yield from self._shard(ctx.get_current_key())
        yield from shard.process(batch)
        self._set_timer(shard, ctx)

    def on_timer(self, _timestamp: int, ctx: KeyedProcessFunction.OnTimerContext) -> Iterator[Any]:
        """Serve models and rules that have been loaded where no batch has come since."""
        shard = yield from self._shard(ctx.get_current_key())
        yield from shard.on_timer()
        self._set_timer(shard, ctx)

    def _shard(self, key: int) -> Generator[Any, None, Shard]:
        """Return the shard of the current key; one that begins yields what is to be emitted."""
        if key not in self._shards:
            shard = Shard(key, self._subtask)
            self._shards[key] = shard
            yield from shard.begin()
        return self._shards[key]

    @staticmethod
    def _set_timer(shard: Shard, ctx: KeyedProcessFunction.Context) -> None:
        timer_ms = shard.next_timer_ms()
        if timer_ms is not None:
            ctx.timer_service().register_processing_time_timer(timer_ms)
