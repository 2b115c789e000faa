"""DDL of the Kafka tables: one source for each kind of record, one sink for all outputs."""

from collections.abc import Mapping
from types import MappingProxyType

from jobs.job_config import JobConfig, StartFrom
from jobs.operator_uids import CONTROL, LABELS, LISTS, QUERIES, TRANSACTIONS
from jobs.start_positions import specific_offsets

# Without these the source asks the broker again for every few records. They wait shorter than a micro-batch does.
GATHER_MS = 5
GATHER_BYTES = 64 * 1024
DISCOVERY_S = 5
"""Time between two checks for added partitions, seconds. Those are read from their first record."""
LAST_S = 253_402_300_799
"""Last second of the year 9999, seconds since 1970."""
ALIGNED_POLL_RECORDS = 100
# While one partition's fetched records are read the others wait, and none is held back before each of them was read.
ALIGNED_FETCH = {
    "properties.max.partition.fetch.bytes": str(64 * 1024),
    "properties.max.poll.records": str(ALIGNED_POLL_RECORDS),
}
ALIGNMENT_UPDATE_MS = 50
"""Time between two comparisons of the partitions' Kafka times. A backlog is read at `alignment_ms` in about two."""
FETCHED_AHEAD = 4 * ALIGNED_POLL_RECORDS
"""Records of a partition read after its pause: a poll being emitted, two in the source's queue, one waiting for it."""
IDLE_MS = 5_000
"""Time without a record after which the others no longer wait for a partition. One that is only fetched slowly must not
count as idle: each time, the others would be read ahead by `alignment_ms` more.
"""
# Labels wait longer for others in any case, and where none comes, the broker would be asked every GATHER_MS.
_GATHERED = {"properties.fetch.max.wait.ms": "100"}
# Of topics with few records: each is given at once, and the broker is not asked every GATHER_MS where there is none.
_AT_ONCE = {"properties.fetch.min.bytes": "1", "properties.fetch.max.wait.ms": "500"}

NO_OPTIONS: Mapping[str, str] = MappingProxyType({})
_STARTUP_MODES = {"earliest": "earliest-offset", "latest": "latest-offset", "committed": "group-offsets"}


def source_tables(config: JobConfig) -> dict[str, str]:
    """Return the DDL of the sources by the tables' names."""
    found = {
        TRANSACTIONS: transactions_table(config),
        QUERIES: queries_table(config),
        LABELS: labels_table(config),
        CONTROL: control_table(config),
        LISTS: lists_table(config),
    }
    return found if config.labels else {name: ddl for name, ddl in found.items() if name != LABELS}


def transactions_table(config: JobConfig) -> str:
    """Return the DDL of the transactions' source: raw key and value, and the position of each record."""
    # A topic that was created again is read from its first record, with any start_from.
    start_from = "earliest" if config.generations.get("transactions") else config.start_from
    if not config.alignment_ms:
        return _source("transactions", config.topics.transactions, start_from, config)
    alignment = {
        "scan.watermark.emit.strategy": "on-event",
        "scan.watermark.idle-timeout": f"{IDLE_MS} ms",
        "scan.watermark.alignment.group": "transactions",
        "scan.watermark.alignment.max-drift": f"{config.alignment_ms} ms",
        "scan.watermark.alignment.update-interval": f"{ALIGNMENT_UPDATE_MS} ms",
    }
    return _source("transactions", config.topics.transactions, start_from, config, alignment, ALIGNED_FETCH, _WATERMARK)


def labels_table(config: JobConfig) -> str:
    """Return the DDL of the labels' source; it always begins at the first, as features need what is known."""
    return _source("labels", config.topics.labels, "earliest", config, _GATHERED)


def control_table(config: JobConfig) -> str:
    """Return the DDL of the deployments' source; it begins at the first, and the last one that there is counts."""
    return _source("control", config.topics.control, "earliest", config, _AT_ONCE)


def lists_table(config: JobConfig) -> str:
    """Return the DDL of the list entries' source, which is the control topic read for them alone."""
    return _source("lists", config.topics.control, "earliest", config, _AT_ONCE)


def queries_table(config: JobConfig) -> str:
    """Return the DDL of the feature queries' source; older queries are no longer waited for."""
    return _source("queries", config.topics.queries, "latest", config, _AT_ONCE)


# Nothing waits for it: it only aligns the partitions. In whole seconds, since each new one goes through the whole job;
# no later than now, since a sender's clock that is ahead would hold its partition back.
_WATERMARK = """,
            WATERMARK FOR kafka_time AS FLOOR(LEAST(kafka_time, CURRENT_TIMESTAMP) TO SECOND)"""


def _source(
    table: str,
    topic: str,
    start_from: StartFrom,
    config: JobConfig,
    changes: Mapping[str, str] = NO_OPTIONS,
    defaults: Mapping[str, str] = NO_OPTIONS,
    watermark: str = "",
) -> str:
    options = {
        # Records of aborted transactions do not count. The user's own properties may override these.
        "properties.isolation.level": "read_committed",
        **defaults,
        **_common(config),
        "topic": topic,
        "scan.topic-partition-discovery.interval": f"{DISCOVERY_S} s",
        "scan.startup.mode": _STARTUP_MODES[start_from],
        "properties.group.id": config.group,
        "properties.auto.offset.reset": "earliest",
        "properties.fetch.min.bytes": str(GATHER_BYTES),
        "properties.fetch.max.wait.ms": str(GATHER_MS),
        **changes,
    }
    if positions := config.start_positions.get(table):
        options["scan.startup.mode"] = "specific-offsets"
        options["scan.startup.specific-offsets"] = specific_offsets(positions)
    return f"""
        CREATE TABLE {table} (
            customer_id STRING,
            payload BYTES,
            kafka_partition INT METADATA FROM 'partition' VIRTUAL,
            kafka_offset BIGINT METADATA FROM 'offset' VIRTUAL,
            kafka_time TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL,
            arrived AS PROCTIME(){watermark}
        ) WITH ({_with(options)})"""


def kafka_time_s_sql(column: str) -> str:
    """Return the SQL expression for a Kafka time in whole seconds since 1970, a BIGINT between -1 and LAST_S.

    TIMESTAMPDIFF counts in an INT, which ends in 2038. A time that no clock has is kept within what a stamp can hold.
    """
    return f"COALESCE(GREATEST(LEAST(EXTRACT(EPOCH FROM {column}), {LAST_S}), CAST(-1 AS BIGINT)), CAST(0 AS BIGINT))"


def outputs_table(config: JobConfig) -> str:
    """Return the DDL of the sink: one producer, and one transaction, for all topics that the job writes.

    A record that cannot be written, dead letter or score, fails the job, which restarts from its last checkpoint and
    retries without end: nothing is skipped. Every record must therefore be one that brokers accept: all of them have a
    bound for any input, see `Outputs` and `Limits`.

    A standby's sink has a single topic, so it has no column for it.
    """
    options = {
        **_common(config),
        "topic": ";".join(config.written_topics),
        "key.fields": "record_key",
        "sink.delivery-guarantee": config.guarantee,
        "properties.linger.ms": str(GATHER_MS),
    }
    if config.guarantee == "exactly-once":
        options["sink.transactional-id-prefix"] = config.transaction_ids
        options["properties.transaction.timeout.ms"] = str(config.transaction_timeout_ms)
    return f"""
        CREATE TABLE outputs (
            record_key STRING,
            payload BYTES{"" if config.standby else ", topic STRING METADATA FROM 'topic'"}
        ) WITH ({_with(options)})"""


def _common(config: JobConfig) -> dict[str, str]:
    properties = {f"properties.{name}": value for name, value in config.kafka_properties.items()}
    return {
        "connector": "kafka",
        "properties.bootstrap.servers": config.bootstrap_servers,
        "key.format": "raw",
        "key.fields": "customer_id",
        "value.format": "raw",
        "value.fields-include": "EXCEPT_KEY",
        **properties,
    }


def _with(options: dict[str, str]) -> str:
    quoted = ((name, value.replace("'", "''")) for name, value in options.items())
    return ", ".join(f"'{name}' = '{value}'" for name, value in quoted)
