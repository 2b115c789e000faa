from collections.abc import Iterator
from typing import Any

import numpy as np
from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, OutputTag, RuntimeContext
from pyflink.datastream.state import MapStateDescriptor, ValueStateDescriptor

from jobs.job_config import JobConfig
from jobs.operators.inference_log import InferenceLog
from jobs.operators.map_state import put_all
from jobs.operators.outputs import Outputs
from jobs.record_types import SIGNAL_OBSERVATION
from models.drift.observation import Accumulator
from models.drift.signals import SIGNALS, signal_matrix
from models.scoring.artifact import load_artifact
from models.scoring.transaction_scorer import TransactionScorer
from schemas.registry import open_registry, value_subject
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import event_time_ms
from schemas.wall_clock import now_ms

OBSERVATIONS = OutputTag("observations", SIGNAL_OBSERVATION)


class ScoreBatch(KeyedProcessFunction):
    """Scores the micro-batches of a shard; keyed by shard, so it owns all that its customers ever did.

    State, both by shard, living as long as the job:

    - `histories`, map of customer_id to `encode_history`'s bytes. Late, equal-time and duplicate transactions:
      see FeatureEngine.
    - `observation`, the drift signals' unfinished means, see Accumulator.
    """

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, runtime_context: RuntimeContext) -> None:
        """Load the model, and compile the kernels before the first batch comes."""
        config = self._config
        artifact = load_artifact(config.model_folder)
        registry = open_registry(config.schema_registry_url)
        self._histories = runtime_context.get_map_state(
            MapStateDescriptor("histories", Types.STRING(), Types.PICKLED_BYTE_ARRAY())
        )
        self._observation = runtime_context.get_state(ValueStateDescriptor("observation", Types.PICKLED_BYTE_ARRAY()))
        self._decoder = TransactionBatchDecoder(value_subject(config.topics.transactions), registry, config.limits)
        self._scorer = TransactionScorer(artifact, load=self._histories.get, capacity=config.pool_customers)
        self._outputs = Outputs(config, artifact.manifest, registry)
        self._inference_log = InferenceLog(config, artifact.manifest, registry)

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Any]:
        """Take in one MICRO_BATCH; emit TOPIC_BATCHes, and SIGNAL_OBSERVATIONs beside them."""
        keys, payloads, positions, times_s = value
        batch = self._decoder.decode(keys, payloads, np.array(times_s, np.int64) * 1000)
        now = now_ms()
        if batch.rejections:
            yield self._outputs.dead_letters(batch.rejections, keys, payloads, positions, now)
            positions = np.delete(positions, [rejection.row for rejection in batch.rejections])
        if len(batch.records) == 0:
            return
        scored = self._scorer.score(batch.records)
        put_all(self._histories, scored.changed, self._config.mode)
        yield from self._outputs.decisions(batch.records, scored, now)
        logged = self._inference_log.sample(batch.records, scored, positions, ctx.get_current_key(), (), now)
        if logged:
            yield logged
        yield from self._observe(scored, event_time_ms(batch.records))

    def _observe(self, scored: Any, event_times: Any) -> Iterator[tuple[OutputTag, Row]]:
        accumulator = Accumulator(self._observation.value())
        complete = accumulator.update(signal_matrix(scored.x, scored.scores), event_times)
        self._observation.update(accumulator.encode())
        for observation in complete:
            for signal, mean in zip(SIGNALS, observation.means.tolist(), strict=True):
                yield OBSERVATIONS, Row(signal.name, Row(mean, observation.event_time_ms))
