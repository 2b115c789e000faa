"""Sources of the job: tables of records as micro-batches by shard, made in the JVM.

Labels go by the partition of their topic, so that those of a partition stay in sequence; DecodeBatch sends them on.
Deployments, rules and list entries go to every shard; a snooze goes to the shard of its customer.
"""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from pyflink.datastream import DataStream
from pyflink.table import StreamTableEnvironment, Table

from jobs import operator_uids as uids
from jobs import record_types as types
from jobs.job_config import JobConfig
from jobs.kafka_tables import kafka_time_s_sql
from jobs.known_records import known_sql, rim_sql
from jobs.shards import SHARD_KEYS, partition_sql, shard_sql
from jobs.start_positions import unprocessed_sql
from schemas.customer_snooze import SNOOZE_PREFIX
from schemas.deployment import DEPLOYMENT_KEY
from schemas.list_entry import LIST_PREFIX
from schemas.position import GENERATION_SHIFT, OFFSET_BITS
from schemas.rule_book import RULES_KEY

Source = Callable[[StreamTableEnvironment], DataStream]
"""Adds a source to the job graph; its stream has rows of SHARDED_BATCH."""

MIN_LABEL_BATCH_MS, MAX_LABEL_BATCH_MS, LABEL_SHARD_MS = 100, 960, 30
LIST_BATCH_MS = 100
MAX_QUERY_BATCH_MS = 10
"""Somebody waits for the answer of a query."""
BUFFER_TIMEOUTS_MS: Mapping[str, int] = MappingProxyType(
    {uids.QUERIES: 0, uids.CONTROL: 0, uids.LISTS: 10, uids.LABEL_LANES: 10}
)
"""Times that records on their way to a batch collect, where it isn't `buffer_timeout_ms`. A thread of each stream wakes
up at each, so those that are rare are sent at once, 0, and those that collect long anyhow wake up less often."""

# A text that crosses into Python loses a leading byte order mark, and would be another customer's name.
_READABLE_KEY = r"""CASE
                WHEN customer_id LIKE U&'\FEFF%' OR customer_id LIKE U&'\FFFE%' THEN U&'\FFFD'
                ELSE customer_id
            END"""

# Functions that count characters fail the job on a key that ends within one. HASH_CODE, LIKE and = compare bytes.
_WHOLE_KEY = "DECODE(ENCODE(customer_id, 'UTF-8'), 'UTF-8')"

_COLLECTED = """
                ARRAY_AGG(customer_id) AS record_keys,
                ARRAY_AGG(payload) AS payloads,
                ARRAY_AGG(kafka_position) AS positions,
                ARRAY_AGG(stamp) AS stamps"""


def batch_sources(config: JobConfig, tables: Mapping[str, str]) -> dict[str, Source]:
    """Return the sources over tables of raw records, by the names of these.

    Parameters
    ----------
    tables : mapping of str to str
        Each table's DDL by its name, one of BATCHES. Columns: customer_id STRING (the record's key), payload BYTES,
        kafka_partition INT, kafka_offset BIGINT, kafka_time TIMESTAMP_LTZ(3), arrived AS PROCTIME(). The two numbers
        identify a record, with any connector.
    """
    return {name: partial(_batches_of, config, name, ddl) for name, ddl in tables.items()}


def _batches_of(config: JobConfig, name: str, ddl: str, tables: StreamTableEnvironment) -> DataStream:
    tables.execute_sql(ddl)
    return BATCHES[name](tables, config)


def micro_batches(tables: StreamTableEnvironment, config: JobConfig) -> DataStream:
    """Collect the transactions of each shard for `batch_ms`, in the JVM: rows of SHARDED_BATCH.

    The open batch is state of Flink's window, so a failure does not lose it.
    """
    return _batches_by_shard(tables, config, uids.TRANSACTIONS, types.TRANSACTIONS, config.batch_ms)


def query_batches(tables: StreamTableEnvironment, config: JobConfig) -> DataStream:
    """Collect the feature queries of each shard as transactions are, but no longer: rows of SHARDED_BATCH."""
    batch_ms = min(config.batch_ms, MAX_QUERY_BATCH_MS)
    return _batches_by_shard(tables, config, uids.QUERIES, types.QUERIES, batch_ms)


def _batches_by_shard(
    tables: StreamTableEnvironment, config: JobConfig, part: str, kind: int, batch_ms: int
) -> DataStream:
    _create_sharded_view(tables, config, part)
    batches = tables.sql_query(f"""
        SELECT shard, ROW({kind}, record_keys, payloads, positions, stamps)
        FROM (
            SELECT shard, {_COLLECTED}
            FROM TABLE(TUMBLE(TABLE sharded_{part}, DESCRIPTOR(arrived), INTERVAL '0.{batch_ms:03d}' SECOND))
            GROUP BY shard, window_start, window_end
        )""")  # noqa: S608  (numbers and names of ours alone)
    return _sharded_batches(tables, batches, part, config)


def label_batches(tables: StreamTableEnvironment, config: JobConfig) -> DataStream:
    """Collect the labels of each partition for `label_batch_ms`, in the JVM: rows of SHARDED_BATCH.

    They come under the key of a shard, `lane` in the query, whichever customers they are of. A window is one batch and
    not several: those would come in any sequence, and a shard that knows a label must know all of its own that precede
    it in the partition, since its known labels are expressed as offsets.
    """
    _create_sharded_view(tables, config, uids.LABELS)
    span = f"INTERVAL '0.{label_batch_ms(config.shards):03d}' SECOND"
    batches = tables.sql_query(f"""
        SELECT lane, ROW({types.LABELS}, record_keys, payloads, positions, stamps)
        FROM (
            SELECT lane, {_COLLECTED}
            FROM TABLE(TUMBLE(TABLE sharded_labels, DESCRIPTOR(arrived), {span}))
            GROUP BY lane, window_start, window_end
        )""")  # noqa: S608
    return _sharded_batches(tables, batches, uids.LABEL_LANES, config)


def label_batch_ms(shards: int) -> int:
    """Return the time over which labels collect, milliseconds.

    A label may be a moment late: it waits for others, since each shard that has one pays the fixed costs of a batch.
    """
    return min(MAX_LABEL_BATCH_MS, max(MIN_LABEL_BATCH_MS, LABEL_SHARD_MS * shards))


def control_batches(tables: StreamTableEnvironment, config: JobConfig) -> DataStream:
    """Send each control record to every shard, a snooze to the shard of its customer: rows of SHARDED_BATCH.

    Records that the job was submitted with are not sent again: a shard would process the whole control topic while it
    scores. The first and the last of them make every shard begin, so that what they were submitted with is in its
    state.
    """
    shards = ", ".join(map(str, SHARD_KEYS[config.shards]))
    is_snooze = f"customer_id LIKE '{SNOOZE_PREFIX}%'"
    own_shard = shard_sql(f"SUBSTRING({_WHOLE_KEY} FROM {len(SNOOZE_PREFIX) + 1})", config.shards)
    known = known_sql(config)
    batches = tables.sql_query(f"""
        SELECT shard, ROW(
            CASE
                WHEN known THEN {types.KNOWN}
                WHEN own_shard IS NOT NULL THEN {types.SNOOZE}
                WHEN record_key = '{RULES_KEY}' THEN {types.RULES}
                ELSE {types.DEPLOYMENT}
            END,
            ARRAY[record_key], ARRAY[payload],
            ARRAY[CAST(0 AS BIGINT)], ARRAY[CAST(0 AS BIGINT)])
        FROM (
            SELECT
                ARRAY[{shards}] AS shards,
                customer_id AS record_key,
                COALESCE(payload, X'') AS payload,
                {known} AS known,
                CASE WHEN {is_snooze} AND NOT {known} THEN {own_shard} END AS own_shard
            FROM control
            WHERE (NOT {known} AND (customer_id IN ('{DEPLOYMENT_KEY}', '{RULES_KEY}') OR {is_snooze}))
                OR {rim_sql(config)}
        ) CROSS JOIN UNNEST(shards) AS every_shard (shard)
        WHERE own_shard IS NULL OR own_shard = shard""")  # noqa: S608
    return _sharded_batches(tables, batches, uids.CONTROL, config)


def list_batches(tables: StreamTableEnvironment, config: JobConfig) -> DataStream:
    """Collect the list entries for LIST_BATCH_MS, each batch for every shard: rows of SHARDED_BATCH.

    An import is many of them, and a batch costs its shard little more than an entry does. One window is one batch, as
    with labels.
    """
    shards = ", ".join(map(str, SHARD_KEYS[config.shards]))
    entries = tables.sql_query(f"""
        SELECT
            customer_id,
            COALESCE(payload, X'') AS payload,
            kafka_partition * CAST({1 << OFFSET_BITS} AS BIGINT) + kafka_offset AS kafka_position,
            CAST(0 AS BIGINT) AS stamp,
            arrived
        FROM lists
        WHERE customer_id LIKE '{LIST_PREFIX}%' AND NOT {known_sql(config)}
            AND {unprocessed_sql(config, uids.LISTS)}""")  # noqa: S608
    tables.create_temporary_view("list_entries", entries)
    batches = tables.sql_query(f"""
        SELECT shard, ROW({types.LIST_ENTRIES}, record_keys, payloads, positions, stamps)
        FROM (
            SELECT ARRAY[{shards}] AS shards, {_COLLECTED}
            FROM TABLE(TUMBLE(TABLE list_entries, DESCRIPTOR(arrived), INTERVAL '0.{LIST_BATCH_MS:03d}' SECOND))
            GROUP BY window_start, window_end
        ) CROSS JOIN UNNEST(shards) AS every_shard (shard)""")  # noqa: S608
    return _sharded_batches(tables, batches, uids.LISTS, config)


def _sharded_batches(tables: StreamTableEnvironment, batches: Table, part: str, config: JobConfig) -> DataStream:
    # to_data_stream gives a type that Python operators cannot process; this older method lets us name it.
    stream = tables.to_append_stream(batches, types.SHARDED_BATCH)
    last = stream._j_data_stream.getTransformation()
    for step in last.getTransitivePredecessors():
        step.setBufferTimeout(BUFFER_TIMEOUTS_MS.get(part, config.buffer_timeout_ms))
    last.setBufferTimeout(0)  # a batch is sent on at once
    uids.name_operators([last], part, config)
    return stream


def _create_sharded_view(tables: StreamTableEnvironment, config: JobConfig, table: str) -> None:
    generation = config.generations.get(table, 0)
    first = f"CAST({generation << GENERATION_SHIFT} AS BIGINT) + " if generation else ""
    sharded = tables.sql_query(f"""
        SELECT
            shard,
            {partition_sql("kafka_partition", config.shards)} AS lane,
            {_READABLE_KEY} AS customer_id,
            COALESCE(payload, X'') AS payload,
            {first}kafka_partition * CAST({1 << OFFSET_BITS} AS BIGINT) + kafka_offset AS kafka_position,
            kafka_time_s * CAST({1 << types.STAMP_SHIFT} AS BIGINT) + shard AS stamp,
            arrived
        FROM (
            SELECT
                *,
                {shard_sql("customer_id", config.shards)} AS shard,
                {kafka_time_s_sql("kafka_time")} AS kafka_time_s
            FROM {table}
            WHERE {unprocessed_sql(config, table)}
        )""")  # noqa: S608
    tables.create_temporary_view(f"sharded_{table}", sharded)


BATCHES: Mapping[str, Callable[[StreamTableEnvironment, JobConfig], DataStream]] = MappingProxyType(
    {
        uids.TRANSACTIONS: micro_batches,
        uids.QUERIES: query_batches,
        uids.LABELS: label_batches,
        uids.CONTROL: control_batches,
        uids.LISTS: list_batches,
    }
)
"""Micro-batches by the table that they are made of."""
