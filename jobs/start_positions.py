"""Positions that the job of an imported state starts at: offsets by source table, partition and exported shard.

Of each partition a list: the first offsets that were not processed, of the shards of the job that was exported in
order, or one of all shards together.
"""

from collections.abc import Mapping, Sequence

from jobs.job_config import JobConfig
from jobs.shards import index_sql

Positions = Mapping[str, Sequence[int]]
"""First offsets of one table by partition."""


def specific_offsets(positions: Positions) -> str:
    """Return the option of the Kafka connector: each partition from its first record that was not processed."""
    return ";".join(f"partition:{partition},offset:{min(offsets)}" for partition, offsets in positions.items())


def unprocessed_sql(config: JobConfig, table: str) -> str:
    """Return the condition that a record of a table was not processed before the state was exported."""
    found = config.start_positions.get(table)
    if not found:
        return "TRUE"
    cases = " ".join(f"WHEN {partition} THEN kafka_offset >= {_first(offsets)}" for partition, offsets in found.items())
    return f"CASE kafka_partition {cases} ELSE TRUE END"


def _first(offsets: Sequence[int]) -> str:
    if len(set(offsets)) == 1:
        return str(offsets[0])
    # A shard processes a partition's records in their order, but shards are not equally far.
    numbers = ", ".join(f"CAST({offset} AS BIGINT)" for offset in offsets)
    return f"ARRAY[{numbers}][1 + {index_sql('customer_id', len(offsets))}]"
