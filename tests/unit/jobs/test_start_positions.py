"""Start positions of the sources."""

import pytest

from jobs.kafka_tables import control_table, labels_table, lists_table, queries_table, transactions_table
from jobs.start_positions import specific_offsets, unprocessed_sql
from tests.unit.jobs.job_configs import job_config
from tests.unit.jobs.table_options import options

POSITIONS = {
    "transactions": {"0": [12, 9], "1": [7, 7]}, "labels": {"0": [3]}, "control": {"0": [2]}, "lists": {"0": [1]},
}  # fmt: skip
CONFIG = job_config(start_positions=POSITIONS)


@pytest.mark.parametrize(
    ("table", "offsets"),
    [
        (transactions_table, "partition:0,offset:9;partition:1,offset:7"),
        (labels_table, "partition:0,offset:3"),
        (control_table, "partition:0,offset:2"),
        (lists_table, "partition:0,offset:1"),
    ],
)
def test_source_of_an_imported_state_starts_at_the_first_record_that_was_not_processed(table, offsets):
    found = options(table(CONFIG))
    assert found["scan.startup.mode"] == "specific-offsets"
    assert found["scan.startup.specific-offsets"] == offsets
    assert "scan.startup.specific-offsets" not in options(table(job_config()))


def test_queries_start_at_the_newest():
    assert options(queries_table(CONFIG))["scan.startup.mode"] == "latest-offset"


def test_record_is_processed_by_the_offset_of_its_former_shard():
    index = "MOD(MOD(HASH_CODE(COALESCE(customer_id, '')), 2) + 2, 2)"
    first = f"ARRAY[CAST(12 AS BIGINT), CAST(9 AS BIGINT)][1 + {index}]"
    assert unprocessed_sql(CONFIG, "transactions") == (
        f"CASE kafka_partition WHEN 0 THEN kafka_offset >= {first} WHEN 1 THEN kafka_offset >= 7 ELSE TRUE END"
    )


def test_without_an_import_no_record_was_processed():
    assert unprocessed_sql(job_config(), "transactions") == "TRUE"


def test_offset_of_a_partition_is_the_smallest_of_its_shards():
    assert specific_offsets({"3": [5, 4, 6]}) == "partition:3,offset:4"
