"""Records that a state already has."""

from jobs.known_records import known_sql, rim_sql
from tests.unit.jobs.job_configs import job_config

PINNED = job_config(first_control_ranges={"0": [3, 7]}, first_control_ms=1_000)


def test_without_pins_no_record_is_known():
    assert known_sql(job_config()) == rim_sql(job_config()) == "FALSE"


def test_record_is_known_by_its_offset_and_its_time():
    in_time = "kafka_time <= TO_TIMESTAMP_LTZ(1000, 3)"
    assert known_sql(PINNED) == f"COALESCE(((kafka_partition = 0 AND kafka_offset < 7)) AND {in_time}, FALSE)"
    assert rim_sql(PINNED) == f"COALESCE(((kafka_partition = 0 AND kafka_offset IN (3, 6))) AND {in_time}, FALSE)"
