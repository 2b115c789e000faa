"""The job without Python: the same source, micro-batch and sink, and each transaction is written as it came.

What no scoring in this design can be quicker than.
"""

import argparse
import sys
from pathlib import Path

from pyflink.common import Configuration
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.table import StreamTableEnvironment

from jobs.flink_settings import flink_settings
from jobs.job_config import JobConfig
from jobs.kafka_tables import outputs_table, transactions_table
from jobs.shards import MAX_PARALLELISM, shard_sql


def insertion(config: JobConfig) -> str:
    """Return the SQL from the source to the sink: micro-batches as the job's `topology.micro_batches` makes them."""
    return f"""
        INSERT INTO outputs
        SELECT record_keys[place], payload, '{config.topics.scores}'
        FROM (
            SELECT shard, ARRAY_AGG(customer_id) AS record_keys, ARRAY_AGG(payload) AS payloads
            FROM TABLE(
                TUMBLE(TABLE sharded, DESCRIPTOR(arrived), INTERVAL '0.{config.batch_ms:03d}' SECOND))
            GROUP BY shard, window_start, window_end
        ) CROSS JOIN UNNEST(payloads) WITH ORDINALITY AS exploded (payload, place)"""  # noqa: S608


def main(arguments: list[str]) -> None:
    """Hand the job to the cluster."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="settings of the job, JSON")
    config = JobConfig.from_file(parser.parse_args(arguments).config)
    tables = table_environment(config)
    tables.execute_sql(transactions_table(config))
    tables.execute_sql(outputs_table(config))
    shard = shard_sql("customer_id", config.shards)
    sharded = tables.sql_query(f"SELECT *, {shard} AS shard FROM transactions")  # noqa: S608
    tables.create_temporary_view("sharded", sharded)
    tables.execute_sql(insertion(config))


def table_environment(config: JobConfig) -> StreamTableEnvironment:
    """Return an environment with the job's own settings; no savepoint is ever restored, so Flink may name operators."""
    settings = Configuration()
    own = {"table.exec.uid.generation": "PLAN_ONLY", "pipeline.auto-generate-uids": "true"}
    for name, value in (flink_settings(config, sys.executable) | own).items():
        settings.set_string(name, value)
    environment = StreamExecutionEnvironment.get_execution_environment(settings)
    environment.set_max_parallelism(MAX_PARALLELISM)
    return StreamTableEnvironment.create(environment)


if __name__ == "__main__":
    main(sys.argv[1:])
