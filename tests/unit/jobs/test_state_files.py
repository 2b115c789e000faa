"""Files of exported state."""

import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.state_files import (
    SHARED,
    StateEntry,
    StateFileError,
    parts,
    read_entries,
    read_unprocessed,
    state_file,
    write_entries,
)
from tests.unit.jobs.job_configs import job_config

ENTRIES = [StateEntry("histories", number % 128, f"c{number}", bytes([number % 256])) for number in range(3_000)]
ENTRIES += [StateEntry("rules", SHARED, "", b"book")]


def test_entries_of_the_buckets_that_are_asked_for_are_read(tmp_path):
    file = state_file(tmp_path, "customers", 3)
    write_entries(file, ENTRIES, {"transactions": {9, 4}})
    assert [found.name for found in tmp_path.iterdir()] == ["customers-003.parquet"]
    assert sorted(read_entries(file, [5, 17])) == sorted(entry for entry in ENTRIES if entry.bucket in {5, 17})
    assert list(read_entries(file, [SHARED])) == [ENTRIES[-1]]
    assert read_unprocessed(file) == {"transactions": [4, 9]}


def test_a_shard_without_state_has_a_file_without_entries(tmp_path):
    file = state_file(tmp_path, "customers", 0)
    write_entries(file, [], {})
    assert list(read_entries(file, [SHARED, *range(128)])) == []


def test_file_of_another_version_is_refused(tmp_path):
    file = tmp_path / "customers-000.parquet"
    write_entries(file, ENTRIES, {})
    table = pq.read_table(file)
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, b"fraudstream": b"state v2"}), file)
    with pytest.raises(StateFileError, match=r"expected a file of state v1 .* got state v2\. Use the version"):
        list(read_entries(file, [0]))


@pytest.mark.parametrize("content", [b"", b"PAR1", None])
def test_another_file_is_refused_in_words(tmp_path, content):
    file = tmp_path / "customers-000.parquet"
    if content is None:
        pq.write_table(pa.table({"a": [1]}), file)
    else:
        file.write_bytes(content)
    with pytest.raises(StateFileError, match=f"expected a file of .* {re.escape(str(file))}, got"):
        list(read_entries(file, [0]))


def test_each_shard_and_each_signal_has_a_file():
    assert parts(job_config(shards=8)) == {"customers": 8, "entities": 4, "drift": 6}
