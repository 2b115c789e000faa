"""What passes between the JVM and the Python operators, always a batch at a time."""

from pyflink.common import Types

_TEXTS = Types.OBJECT_ARRAY(Types.STRING())
_NUMBERS = Types.OBJECT_ARRAY(Types.INT())
_PAYLOADS = Types.OBJECT_ARRAY(Types.PRIMITIVE_ARRAY(Types.BYTE()))

# Record keys, payloads, positions (see POSITION_SHIFT), Kafka times in seconds since 1970, and of labels the shard
# of each one's customer. A batch of transactions has [TRANSACTIONS] there: all are of the shard that it is for.
# (No null: thread mode takes no null array.)
MICRO_BATCH = Types.ROW(
    [_TEXTS, _PAYLOADS, Types.OBJECT_ARRAY(Types.LONG()), _NUMBERS, _NUMBERS],
)
# What is keyed is a pair of key and value, see `topology.key_by_first`.
TRANSACTIONS = -1
SHARD = Types.INT()
SHARDED_BATCH = Types.ROW([SHARD, MICRO_BATCH])
# Records for one topic: its name, their keys, their payloads.
TOPIC_BATCH = Types.ROW_NAMED(["topic", "record_keys", "payloads"], [Types.STRING(), _TEXTS, _PAYLOADS])
# The mean of a signal, and the event time (ms) of the last transaction in it.
OBSERVATION = Types.ROW([Types.DOUBLE(), Types.LONG()])
SIGNAL = Types.STRING()
SIGNAL_OBSERVATION = Types.ROW([SIGNAL, OBSERVATION])

# A position is partition * 2^40 + offset: one long to cross into Python instead of two.
POSITION_SHIFT = 40
POSITION_MASK = (1 << POSITION_SHIFT) - 1
