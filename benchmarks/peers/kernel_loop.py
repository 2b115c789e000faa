"""The plain loop with our own kernels in it: what is left when Flink and all that it guarantees is taken away."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from confluent_kafka import Message

from benchmarks.peers.arguments import Arguments, parse_arguments
from benchmarks.peers.plain_loop import open_consumer, open_producer
from models.features.table import FEATURE_NAMES
from models.features.warm_up import warm_up
from models.scoring.artifact import load_artifact
from models.scoring.decision import Decision
from models.scoring.transaction_scorer import ScoredBatch, TransactionScorer
from schemas.avro_schemas import ALERT
from schemas.codec import RecordCodec
from schemas.registry import FileRegistry, value_subject
from schemas.score_batch import ScoreBatchEncoder
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import Limits
from schemas.wall_clock import now_ms

CHUNK = 2_000


class KernelLoop:
    """What `ScoreBatch` does with a micro-batch of transactions, and nothing kept but memory."""

    def __init__(self, arguments: Arguments) -> None:
        self._arguments = arguments
        artifact, registry = load_artifact(arguments.model), FileRegistry()
        self._manifest = manifest = artifact.manifest
        subject = value_subject(arguments.topic)
        self._decoder = TransactionBatchDecoder(subject, registry, Limits())
        self._scorer = TransactionScorer(artifact, load=None)
        spec_hash = manifest.feature_spec_hash
        self._scores = ScoreBatchEncoder("", registry, model_id=manifest.model_id, spec_hash=spec_hash)
        self._alerts = RecordCodec(ALERT, "", registry)
        self._producer = open_producer(arguments)
        warm_up()

    def process(self, messages: Sequence[Message]) -> None:
        """Score a chunk and send its scores and alerts."""
        now, producer, topic = now_ms(), self._producer, self._arguments.scores_topic
        keys = [message.key().decode() for message in messages]
        batch = self._decoder.decode(keys, [message.value() for message in messages], np.full(len(messages), now))
        scored = self._scorer.score(batch.records)
        payloads = self._scores.encode(batch.records, scored.scores, scored.decisions, now)
        for key, payload in zip(scored.customers, payloads, strict=True):
            producer.produce(topic, payload, key)
        for row in np.flatnonzero(scored.decisions != Decision.APPROVE).tolist():
            alert = self._alert(batch.records, scored, row, now)
            producer.produce(self._arguments.alerts_topic, alert, scored.customers[row])
        producer.poll(0)

    def _alert(self, records: pa.RecordBatch, scored: ScoredBatch, row: int, now: int) -> bytes:
        manifest = self._manifest
        transaction = {name: column[row].as_py() for name, column in zip(records.schema.names, records, strict=True)}
        return self._alerts.encode(
            {
                **transaction,
                "alert_id": transaction["transaction_id"],
                "scored_at": now,
                "score": float(scored.scores[row]),
                "decision": Decision(scored.decisions[row]).name,
                "model_id": manifest.model_id,
                "feature_spec_hash": manifest.feature_spec_hash,
                "review_threshold": manifest.review_threshold,
                "block_threshold": manifest.block_threshold,
                "features": dict(zip(FEATURE_NAMES, scored.x[row].tolist(), strict=True)),
                "reasons": [],
            }
        )


def main() -> None:
    """Score until stopped."""
    arguments = parse_arguments(__doc__)
    consumer, loop = open_consumer(arguments), KernelLoop(arguments)
    while True:
        messages = [message for message in consumer.consume(CHUNK, 1.0) if message.error() is None]
        if messages:
            loop.process(messages)


if __name__ == "__main__":
    main()
