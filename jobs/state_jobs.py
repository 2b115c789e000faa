"""Job graphs that write a job's state to files, and make a job's state of those files."""

from __future__ import annotations

from itertools import count
from typing import Any

from pyflink.common import Types
from pyflink.datastream import DataStream, KeyedProcessFunction
from pyflink.java_gateway import get_gateway
from pyflink.table import StreamTableEnvironment, Table

from jobs import operator_uids as uids
from jobs import record_types as types
from jobs.job_config import JobConfig
from jobs.operators.export_state import MARKER_OFFSETS, ExportDrift, ExportEntities, ExportShards, marked_tables
from jobs.operators.import_state import ImportDrift, ImportEntities, ImportShards
from jobs.shards import SHARD_KEYS, customer_bucket
from jobs.sources import batch_sources
from jobs.state_files import CUSTOMERS, DRIFT, ENTITIES, state_files
from jobs.topology import key_by_first, united
from models.drift.signals import SIGNALS
from schemas.list_entry import LIST_PREFIX
from schemas.s3_path import as_path

MARKERS_A_SECOND = 50
"""Markers of each shard."""


def state_settings(settings: dict[str, str]) -> dict[str, str]:
    """Return a job's Flink configuration without checkpoints and restarts: its state is read, or a savepoint's."""
    kept = {name: value for name, value in settings.items() if not name.startswith("restart-strategy.")}
    del kept["execution.checkpointing.interval"]
    return {**kept, "restart-strategy.type": "disable"}


def build_export(tables: StreamTableEnvironment, config: JobConfig, folder: str) -> None:
    """Build the graph that writes the state of a savepoint to files in a folder.

    It has the window operators of the job, whose open micro-batches are state, with markers as their input; the
    sources are left out. It runs until it is cancelled.
    """
    sources = batch_sources(config, {name: _markers_table(name, config) for name in sorted(marked_tables(config))})
    batches = united(source(tables) for source in sources.values())
    _rename_sources(batches._j_data_stream.getTransformation())
    _end(batches, ExportShards(config, folder), uids.SCORE_BATCH, config)
    for uid, writer in ((uids.ADVANCE_ENTITIES, ExportEntities), (uids.DETECT_DRIFT, ExportDrift)):
        _end(_triggers_of(tables, uid, config), writer(config, folder), uid, config)


def build_import(tables: StreamTableEnvironment, config: JobConfig, folder: str) -> None:
    """Build the graph that fills a new job's state from the files in a folder, and runs until a savepoint stops it."""
    readers = (
        (uids.SCORE_BATCH, CUSTOMERS, ImportShards),
        (uids.ADVANCE_ENTITIES, ENTITIES, ImportEntities),
        (uids.DETECT_DRIFT, DRIFT, ImportDrift),
    )
    for uid, part, reader in readers:
        exported_shards = len(state_files(as_path(folder), part))
        _end(_triggers_of(tables, uid, config), reader(config, folder, exported_shards), uid, config)


def _markers_table(name: str, config: JobConfig) -> str:
    """Return the DDL of a table in place of a source, with the same columns: rows that are markers for all shards."""
    prefix = LIST_PREFIX if name == uids.LISTS else ""
    names = ", ".join(f"'{prefix}{name}'" for name in names_of_shards(config.shards))
    first, last = MARKER_OFFSETS
    return f"""
        CREATE TABLE {name} (
            customer_id AS CAST(ARRAY[{names}][1 + MOD(kafka_partition, {config.shards})] AS STRING),
            payload BYTES,
            kafka_partition INT,
            kafka_offset BIGINT,
            kafka_time TIMESTAMP_LTZ(3),
            arrived AS PROCTIME()
        ) WITH (
            'connector' = 'datagen',
            'rows-per-second' = '{MARKERS_A_SECOND * config.shards}',
            'fields.payload.length' = '1',
            'fields.kafka_partition.min' = '0',
            'fields.kafka_partition.max' = '{2 * config.shards - 1}',
            'fields.kafka_offset.min' = '{first}',
            'fields.kafka_offset.max' = '{last}')"""


def names_of_shards(shards: int) -> list[str]:
    """Return a customer's name of each shard, all of one length: SQL pads the shorter texts of an array."""
    found: dict[int, str] = {}
    names = (f"{number:06}" for number in count())
    while len(found) < shards:
        name = next(names)
        found.setdefault(customer_bucket(name) % shards, name)
    return [found[index] for index in range(shards)]


def _rename_sources(transformation: Any) -> None:
    """Give the tables in place of the sources uids of their own: their state is not that of the sources."""
    for before in transformation.getInputs():
        uid = before.getUid()
        if uid is not None and "-source" in uid:
            before.setUid(f"markers-of-{uid}")
        _rename_sources(before)


def _triggers_of(tables: StreamTableEnvironment, uid: str, config: JobConfig) -> DataStream:
    """Return rows for each key of an operator, again and again: of SIGNAL_OBSERVATION for signals, of SHARDED_BATCH."""
    if uid == uids.DETECT_DRIFT:
        keys = ", ".join(f"'{signal.name}'" for signal in SIGNALS)
        return _triggers(tables, "signal-triggers", keys, "CAST(number AS STRING)", types.SIGNAL_OBSERVATION, config)
    shards = config.entity_shards if uid == uids.ADVANCE_ENTITIES else config.shards
    keys = ", ".join(map(str, SHARD_KEYS[shards]))
    batch = "ROW(0, ARRAY[''], ARRAY[X''], ARRAY[CAST(0 AS BIGINT)], ARRAY[CAST(number AS BIGINT)])"
    return _triggers(tables, f"{uid}-triggers", keys, batch, types.SHARDED_BATCH, config)


def _triggers(
    tables: StreamTableEnvironment, part: str, keys: str, value: str, row: Any, config: JobConfig
) -> DataStream:
    table = part.replace("-", "_")
    tables.execute_sql(f"CREATE TABLE {table} (number INT) WITH ('connector' = 'datagen', 'rows-per-second' = '1')")
    found: Table = tables.sql_query(f"""
        SELECT each_key, {value}
        FROM (SELECT ARRAY[{keys}] AS all_keys, number FROM {table})
        CROSS JOIN UNNEST(all_keys) AS exploded (each_key)""")  # noqa: S608
    stream = tables.to_append_stream(found, row)
    uids.name_operators([stream._j_data_stream.getTransformation()], part, config)
    return stream


def _end(pairs: DataStream, function: KeyedProcessFunction, uid: str, config: JobConfig) -> None:
    """Add an operator that emits nothing, with the uid of the one whose state it has."""
    of_signals = uid == uids.DETECT_DRIFT
    key, value = (types.SIGNAL, types.OBSERVATION) if of_signals else (types.SHARD, types.MICRO_BATCH)
    done = key_by_first(pairs, key, value).process(function, Types.STRING()).name(type(function).__name__)
    uids.name_operator(done._j_data_stream.getTransformation(), uid, config)
    # A sink of the newer kind has state, which the savepoint of an import would have too.
    nowhere = get_gateway().jvm.org.apache.flink.streaming.api.functions.sink.legacy.DiscardingSink()
    done._j_data_stream.addSink(nowhere).uid(f"{uid}-done")
