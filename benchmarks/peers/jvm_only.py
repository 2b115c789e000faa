"""The job without Python: the same source, micro-batches, exchange and sink; each transaction is written as it came.

It is what no scoring in this design can be quicker than.
"""

import sys

from pyflink.datastream import DataStream
from pyflink.table import StreamTableEnvironment

from jobs import operator_uids as uids
from jobs import record_types as types
from jobs import score_transactions
from jobs.job_config import JobConfig
from jobs.kafka_tables import outputs_table, transactions_table
from jobs.topology import key_by_first, micro_batches


def build(tables: StreamTableEnvironment, config: JobConfig) -> None:
    """Lay the job into the environment of `tables`, ready to be executed."""
    tables.execute_sql(transactions_table(config))
    tables.execute_sql(outputs_table(config))
    keyed = key_by_first(micro_batches(tables, config), types.SHARD, types.MICRO_BATCH)
    # Keyed or not, the rows are pairs of a shard and its MICRO_BATCH, named f0 and f1, as are the fields of the latter.
    tables.create_temporary_view("batches", tables.from_data_stream(DataStream(keyed._j_data_stream)))
    statements = tables.create_statement_set()
    statements.add_insert_sql(f"""
        INSERT INTO outputs
        SELECT record_keys[place], payload, '{config.topics.scores}'
        FROM (SELECT f1.f1 AS record_keys, f1.f2 AS payloads FROM batches)
        CROSS JOIN UNNEST(payloads) WITH ORDINALITY AS exploded (payload, place)""")  # noqa: S608
    statements.attach_as_datastream()
    environment = keyed._j_data_stream.getExecutionEnvironment()
    uids.name_operators(environment.getTransformations(), uids.OUTPUTS)


if __name__ == "__main__":
    score_transactions.build = build
    score_transactions.main(sys.argv[1:])
