"""Decoding of Kafka messages as the job does it."""

from collections.abc import Sequence

import numpy as np
from confluent_kafka import Message

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.registry_access import registry_of
from schemas.batch_decoder import BatchDecoder, DecodedBatch
from schemas.registry import value_subject
from schemas.transaction_batch import TransactionBatchDecoder


def transaction_decoder(broker: Broker) -> TransactionBatchDecoder:
    """Return the job's decoder of transactions."""
    settings = broker.settings
    return TransactionBatchDecoder(
        value_subject(broker.topics.transactions),
        registry_of(settings),
        settings.job.limits,
        declaration=settings.declaration,
    )


def decoded(messages: Sequence[Message], decoder: BatchDecoder) -> DecodedBatch:
    """Decode messages as the job does."""
    raw = [item.key() for item in messages]
    keys = [None if key is None else key.decode("utf-8", "replace") for key in raw]
    # To the second, as the job receives the Kafka time.
    times_ms = np.array([item.timestamp()[1] // 1_000 * 1_000 for item in messages], np.int64)
    return decoder.decode(keys, [item.value() or b"" for item in messages], times_ms)
