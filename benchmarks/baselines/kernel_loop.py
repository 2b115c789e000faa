"""Plain loop with the job's kernels: the job without Flink and its guarantees."""

from collections.abc import Sequence

import numpy as np
from confluent_kafka import Message

from benchmarks.baselines.arguments import Arguments, parse_arguments
from benchmarks.baselines.plain_loop import consume, open_producer
from jobs.job_config import JobConfig
from jobs.operators.outputs import Outputs
from models.features.warm_up import warm_up
from models.scoring.artifact import load_artifact
from models.scoring.history_scorer import HistoryScorer
from schemas.position import position
from schemas.registry import FileRegistry, value_subject
from schemas.topics import Topics
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import Limits
from schemas.wall_clock import now_ms

CHUNK = 2_000


class KernelLoop:
    """Scoring of `ScoreBatch` with state in memory only."""

    def __init__(self, arguments: Arguments) -> None:
        artifact, registry = load_artifact(arguments.model), FileRegistry()
        config = JobConfig(
            bootstrap_servers=arguments.bootstrap_servers,
            model=str(arguments.model),
            checkpoint_dir="",
            topics=Topics(transactions=arguments.topic, scores=arguments.scores_topic, alerts=arguments.alerts_topic),
        )
        self._decoder = TransactionBatchDecoder(value_subject(arguments.topic), registry, Limits())
        self._scorer = HistoryScorer(artifact)
        self._outputs = Outputs(config, artifact, registry)
        self._producer = open_producer(arguments)
        warm_up()

    def process(self, messages: Sequence[Message]) -> None:
        """Score a chunk and send its scores and alerts."""
        now, producer = now_ms(), self._producer
        sent = [(message, value) for message in messages if (value := message.value()) is not None]
        names = [None if (key := message.key()) is None else key.decode() for message, _ in sent]
        positions = np.array([position(message.partition(), message.offset()) for message, _ in sent], np.int64)
        batch = self._decoder.decode(names, [value for _, value in sent], np.full(len(sent), now))
        scored, good = self._scorer.score(batch.records), np.delete(positions, [bad.row for bad in batch.rejections])
        for topic, keys, payloads in self._outputs.decisions(batch.records, scored, good, -1, (), now):
            for key, payload in zip(keys, payloads, strict=True):
                producer.produce(topic, payload, key)
        producer.poll(0)


if __name__ == "__main__":
    arguments = parse_arguments(__doc__)
    consume(arguments, CHUNK, KernelLoop(arguments).process)
