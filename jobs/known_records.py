"""SQL conditions on records of the control topic that the job was submitted with."""

from jobs.job_config import JobConfig


def known_sql(config: JobConfig) -> str:
    """Return the condition that a record was read when the job was submitted.

    By its time too: a topic that was created again has the same offsets again, and later times.
    """
    within = [
        f"(kafka_partition = {partition} AND kafka_offset < {end})"
        for partition, (_, end) in config.first_control_ranges.items()
    ]
    return _any(within, config)


def rim_sql(config: JobConfig) -> str:
    """Return the condition that a record was the first or the last one of its partition that was read."""
    within = [
        f"(kafka_partition = {partition} AND kafka_offset IN ({first}, {end - 1}))"
        for partition, (first, end) in config.first_control_ranges.items()
    ]
    return _any(within, config)


def _any(conditions: list[str], config: JobConfig) -> str:
    if not conditions:
        return "FALSE"
    in_time = f"kafka_time <= TO_TIMESTAMP_LTZ({config.first_control_ms}, 3)"
    return f"COALESCE(({' OR '.join(conditions)}) AND {in_time}, FALSE)"
