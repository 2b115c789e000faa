"""The scoring job between folders of JSON lines, without Kafka sources and sink."""

import sys
from pathlib import Path

from pyflink.table import StreamTableEnvironment

from jobs import operator_uids as uids
from jobs import score_transactions
from jobs.job_config import JobConfig
from jobs.sinks import TableSink
from jobs.topology import build as build_graph
from jobs.topology import scoring_sources, scoring_stages


def folder_source(folder: Path) -> str:
    """Return the DDL of a source that watches a folder for files of raw records."""
    return f"""
        CREATE TABLE transactions (
            customer_id STRING, payload BYTES, kafka_partition INT, kafka_offset BIGINT, kafka_time TIMESTAMP_LTZ(3),
            arrived AS PROCTIME()
        ) WITH ('connector' = 'filesystem', 'path' = '{folder.as_uri()}', 'format' = 'json',
                'source.monitor-interval' = '200 ms')"""


def folder_sink(config: JobConfig, folder: Path) -> TableSink:
    """Return a sink to files in a folder, whose records are JSON lines."""
    ddl = f"""
        CREATE TABLE files (topic STRING, record_key STRING, payload BYTES)
        WITH ('connector' = 'filesystem', 'path' = '{folder.as_uri()}', 'format' = 'json',
              'sink.rolling-policy.rollover-interval' = '1 s', 'sink.rolling-policy.check-interval' = '1 s')"""
    return TableSink(config=config, uid="files", table="files", ddl=ddl, columns=("topic", "record_key", "payload"))


def build(tables: StreamTableEnvironment, config: JobConfig) -> None:
    """Build the graph between two folders next to the checkpoint folder."""
    folder = Path(config.checkpoint_dir.removeprefix("file://")).parent / config.topics.transactions
    sources = scoring_sources(config, {uids.TRANSACTIONS: folder_source(folder / "in")})
    build_graph(tables, sources=sources, stages=scoring_stages(config), sinks=[folder_sink(config, folder / "out")])


if __name__ == "__main__":
    score_transactions.build = build
    score_transactions.main(sys.argv[1:])
