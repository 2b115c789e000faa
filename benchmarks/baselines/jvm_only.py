"""The job without Python: the same source, micro-batches and sink; each transaction is written unchanged.

Upper bound of the rate of this design.
"""

import sys

from pyflink.table import StreamTableEnvironment

from benchmarks.baselines.flink_per_event import unnamed_operators
from jobs import score_transactions
from jobs.flink_settings import flink_settings
from jobs.job_config import JobConfig
from jobs.kafka_tables import outputs_table, transactions_table
from jobs.shards import shard_sql


def build(tables: StreamTableEnvironment, config: JobConfig) -> None:
    """Build the job graph in the environment of `tables`."""
    tables.execute_sql(transactions_table(config))
    tables.execute_sql(outputs_table(config))
    shard = shard_sql("customer_id", config.shards)
    sharded = tables.sql_query(f"SELECT {shard} AS shard, customer_id, payload, arrived FROM transactions")  # noqa: S608
    tables.create_temporary_view("sharded", sharded)
    statements = tables.create_statement_set()
    # One array of pairs: of two arrays the query would copy the one for each element of the other.
    statements.add_insert_sql(f"""
        INSERT INTO outputs
        SELECT record.customer_id, record.payload, '{config.topics.scores}'
        FROM (
            SELECT shard, ARRAY_AGG(ROW(customer_id, payload)) AS records
            FROM TABLE(TUMBLE(TABLE sharded, DESCRIPTOR(arrived), INTERVAL '0.{config.batch_ms:03d}' SECOND))
            GROUP BY shard, window_start, window_end
        ) CROSS JOIN UNNEST(records) AS record (customer_id, payload)""")  # noqa: S608
    statements.attach_as_datastream()


def settings_of(config: JobConfig, python: str) -> dict[str, str]:
    """Return the job's own settings."""
    return unnamed_operators(flink_settings(config, python))


if __name__ == "__main__":
    score_transactions.build, score_transactions.flink_settings = build, settings_of
    score_transactions.main(sys.argv[1:])
