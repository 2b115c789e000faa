"""Types of the records between the JVM and the Python operators, always a batch at a time."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pyflink.common import Types

_TEXTS = Types.OBJECT_ARRAY(Types.STRING())
_LONGS = Types.OBJECT_ARRAY(Types.LONG())
_PAYLOADS = Types.OBJECT_ARRAY(Types.PRIMITIVE_ARRAY(Types.BYTE()))

# What it holds, then of each record its key, payload, position and stamp (see `schemas.position` and STAMP_SHIFT).
MICRO_BATCH = Types.ROW([Types.INT(), _TEXTS, _PAYLOADS, _LONGS, _LONGS])
TRANSACTIONS, LABELS, CUSTOMER_LABELS, DEPLOYMENT, QUERIES, RULES, SNOOZE, KNOWN = 0, 1, 2, 3, 4, 5, 6, 7
LIST_ENTRIES = 8
DECODED, ENTITY_EVENTS, QUERIED_ENTITIES, ENTITY_REPLY = 9, 10, 11, 12
ENTITY_LABELS, REJECTED_LABELS = 13, 14
# A DEPLOYMENT, RULES and a SNOOZE are one record each of the control topic.
# KNOWN is one that the job was submitted with: it only makes a shard begin.
# TRANSACTIONS and QUERIES are for DecodeBatch. It makes a DECODED of each (payload: `DecodedBatch`; position: its
# number), and for each lane of entity shards that it concerns ENTITY_EVENTS, or QUERIED_ENTITIES that are only
# described (payload: `EntityBatch`; positions: the number, and the shard to reply to), which gives an ENTITY_REPLY
# (payload: see `entity_reply`; position: the number).
# LABELS are for DecodeBatch too, those of a partition under one shard key. It makes CUSTOMER_LABELS and ENTITY_LABELS
# of them for the lanes of their customers and entities (payload: see `label_blobs`), and REJECTED_LABELS for the shard
# of its own key (key, payload and position of each, and as the last payload `Rejection`s as JSON).
# What is keyed is a pair of key and value, see `topology.key_by_first`.
SHARD = Types.INT()
SHARDED_BATCH = Types.ROW([SHARD, MICRO_BATCH])
# Records for one topic: its name, their keys, their payloads.
TOPIC_BATCH = Types.ROW_NAMED(["topic", "record_keys", "payloads"], [Types.STRING(), _TEXTS, _PAYLOADS])
# A `SignalPart` as JSON: a shard sends one a second at most, or one in a thousand transactions.
OBSERVATION = Types.STRING()
SIGNAL = Types.STRING()
SIGNAL_OBSERVATION = Types.ROW([SIGNAL, OBSERVATION])

# A position is that of `schemas.position`. A stamp is the Kafka time in seconds since 1970 * 2^16 + the customer's
# shard. Every number that crosses into Python costs as much as a text, so several are packed into one long.
STAMP_SHIFT = 16
STAMP_MASK = (1 << STAMP_SHIFT) - 1


def kafka_times_ms(stamps: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return the Kafka times of n stamps in milliseconds since 1970, (n,)."""
    return (np.array(stamps, np.int64) >> STAMP_SHIFT) * 1000
