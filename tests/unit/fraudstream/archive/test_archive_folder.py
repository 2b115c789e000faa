"""Files of the archive."""

from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from fraudstream.archive import archive_folder
from fraudstream.archive.archive_folder import (
    ARCHIVE_ARROW,
    STATE_FILE,
    ArchiveFolder,
    archive_table,
    archived_files,
    read_archived_files,
)
from models.features.former_names import FORMER_NAMES
from models.features.table import FEATURE_NAMES, FORMER_FEATURES, spec_hash
from schemas.columns import INFERENCE_ARROW
from schemas.errors import UserError
from tests.records import NOON

TOPIC = "inference"


def rows(partition, first, count, *, spec=None, width=None):
    """Return rows of one partition, an hour apart, with the offset as every feature."""
    records = [
        {
            "transaction_id": f"{partition}-{offset}", "customer_id": "c", "merchant_id": "m", "amount_minor": 5,
            "event_time": NOON + timedelta(hours=offset), "scored_at": NOON, "score": 0.25, "decision": "REVIEW",
            "model_id": "model", "feature_spec_hash": spec or spec_hash(), "shard": 4, "partition": 1,
            "offset": offset, "label_offsets": [1, 2],
            "features": [float(offset)] * (width or (3 if spec else len(FEATURE_NAMES))),
        }
        for offset in range(first, first + count)
    ]  # fmt: skip
    batch = pa.RecordBatch.from_pylist(records, schema=INFERENCE_ARROW)
    return archive_table(batch, [(partition, offset) for offset in range(first, first + count)])


def archived(root):
    table = ds.dataset(root, partitioning="hive").to_table()
    return sorted(table["transaction_id"].to_pylist())


def names(partition, first, count):
    return sorted(f"{partition}-{offset}" for offset in range(first, first + count))


def test_rows_are_partitioned_by_event_date_with_a_column_per_feature(tmp_path):
    with ArchiveFolder(tmp_path / "a", TOPIC) as folder:
        assert folder.write(rows(0, 0, 30), {0: 30}) == 2
    assert sorted(path.name for path in (tmp_path / "a").glob("date=*")) == ["date=2026-03-02", "date=2026-03-03"]
    table = ds.dataset(tmp_path / "a", partitioning="hive").to_table()
    assert table.schema.names == [*ARCHIVE_ARROW.names, "date"]
    assert sorted(table[FEATURE_NAMES[-1]].to_pylist()) == [float(number) for number in range(30)]
    assert table["other_features"].null_count == 30
    assert set(table.filter(table["offset"].to_numpy() == 29)["date"].to_pylist()) == {"2026-03-03"}


def test_no_feature_has_the_name_of_another_column():
    assert len(set(ARCHIVE_ARROW.names)) == len(ARCHIVE_ARROW)
    assert "date" not in ARCHIVE_ARROW.names


def test_features_of_another_table_are_kept_as_a_list():
    table = pa.concat_tables([rows(0, 0, 2), rows(0, 2, 1, spec="older")])
    assert table["other_features"].to_pylist() == [None, None, [2.0, 2.0, 2.0]]
    assert table[FEATURE_NAMES[0]].to_pylist() == [0.0, 1.0, None]


FORMER, NOW = spec_hash(FORMER_FEATURES), len(FEATURE_NAMES)


@pytest.mark.parametrize(
    ("spec", "width", "filled"),
    [
        (FORMER, 88, 88),  # as an earlier version logged them
        (FORMER, NOW, NOW),  # a model of an earlier version, logged by this one
        (spec_hash(), NOW, NOW),
        (spec_hash(), 88, None),
        (FORMER, 100, None),
        (FORMER, 0, None),
        ("0" * 16, NOW, None),
    ],
)
def test_features_of_a_known_table_have_their_columns(spec, width, filled):
    (row,) = rows(0, 7, 1, spec=spec, width=width or 1).to_pylist()
    there = [name for name in FEATURE_NAMES if row[name] is not None]
    assert there == list(FEATURE_NAMES[: filled or 0])
    assert {row[name] for name in there} <= {7.0}
    assert (row["other_features"] is None) == bool(filled)


@pytest.mark.parametrize("former_first", [True, False])
def test_files_of_before_entities_are_read_with_those_of_now(tmp_path, former_first):
    with ArchiveFolder(tmp_path, TOPIC) as folder:
        folder.write(rows(0, 0, 1), {0: 1})
        folder.write(rows(1, 0, 1, spec=FORMER, width=88), {0: 1, 1: 1})
    first, second = archived_files(tmp_path)
    former = pq.read_table(second).drop_columns(list(FEATURE_NAMES[88:]))
    pq.write_table(former, first if former_first else second)
    if former_first:
        pq.write_table(rows(0, 0, 1), second)
    columns = ["log_offset", FEATURE_NAMES[0], FEATURE_NAMES[-1]]
    found = read_archived_files(tmp_path, columns).to_pylist()
    assert sorted(row[FEATURE_NAMES[-1]] is None for row in found) == [False, True]
    assert [row[FEATURE_NAMES[0]] for row in found] == [0.0, 0.0]


@pytest.mark.parametrize("files_before", [0, 1, 2, 3])
def test_interrupted_write_leaves_no_file_and_the_next_writes_all(tmp_path, monkeypatch, files_before):
    with ArchiveFolder(tmp_path, TOPIC) as folder:
        folder.write(rows(0, 0, 10), {0: 10})
    written = []
    whole = archive_folder._write_whole

    def stopping(table, path):
        if len(written) == files_before:
            archive_folder._unfinished(path).write_bytes(b"half")
            raise KeyboardInterrupt
        written.append(path)
        whole(table, path)

    with monkeypatch.context() as patch:
        patch.setattr(archive_folder, "_write_whole", stopping)
        with ArchiveFolder(tmp_path, TOPIC) as folder, pytest.raises(KeyboardInterrupt):
            folder.write(rows(0, 10, 100), {0: 110})
    with ArchiveFolder(tmp_path, TOPIC) as folder:
        assert folder.next_offsets == {0: 10}
        assert archived(tmp_path) == names(0, 0, 10)
        # Fewer dates are read this time.
        folder.write(rows(0, 10, 5), {0: 15})
        folder.write(rows(0, 15, 95), {0: 110})
    assert archived(tmp_path) == names(0, 0, 110)


def test_reader_skips_a_file_that_is_being_written(tmp_path):
    with ArchiveFolder(tmp_path, TOPIC) as folder:
        folder.write(rows(0, 0, 10), {0: 10})
    archive_folder._unfinished(next(tmp_path.rglob("*.parquet"))).write_bytes(b"half")
    assert archived(tmp_path) == names(0, 0, 10)


def test_write_interrupted_before_the_state_does_not_count(tmp_path, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    with ArchiveFolder(tmp_path, TOPIC) as folder, monkeypatch.context() as patch:
        patch.setattr(ArchiveFolder, "_write_state", stop)
        with pytest.raises(KeyboardInterrupt):
            folder.write(rows(1, 0, 40), {1: 40})
    with ArchiveFolder(tmp_path, TOPIC) as folder:
        assert folder.next_offsets == {}
        folder.write(rows(1, 0, 7), {1: 7})
    assert archived(tmp_path) == names(1, 0, 7)


def test_partitions_advance_independently(tmp_path):
    with ArchiveFolder(tmp_path, TOPIC) as folder:
        folder.write(rows(0, 0, 4), {0: 4})
        folder.write(rows(3, 7, 4), {3: 11})
        assert folder.next_offsets == {0: 4, 3: 11}
    assert archived(tmp_path) == sorted(names(0, 0, 4) + names(3, 7, 4))


def test_second_writer_is_refused(tmp_path):
    with ArchiveFolder(tmp_path, TOPIC), pytest.raises(UserError, match="stop it, or choose another --out"):
        ArchiveFolder(tmp_path, TOPIC)
    with ArchiveFolder(tmp_path, TOPIC):
        pass


def test_unrelated_folder_is_refused_and_left_unchanged(tmp_path):
    (tmp_path / "date=2026-03-02").mkdir()
    (tmp_path / "date=2026-03-02" / "mine.parquet").write_bytes(b"mine")
    with pytest.raises(UserError, match="an archive or an empty folder"):
        ArchiveFolder(tmp_path, TOPIC)
    assert (tmp_path / "date=2026-03-02" / "mine.parquet").exists()
    assert not (tmp_path / STATE_FILE).exists()


def test_archive_of_another_topic_is_refused(tmp_path):
    with ArchiveFolder(tmp_path, TOPIC):
        pass
    with pytest.raises(UserError, match="expected an archive of the topic another"):
        ArchiveFolder(tmp_path, "another")


def test_archive_of_a_recreated_topic_is_refused(tmp_path):
    with ArchiveFolder(tmp_path / "a", TOPIC) as folder:
        folder.note_topic(None)
        assert folder.topic_id is None
        folder.write(rows(0, 0, 3), {0: 3})
        folder.note_topic("first")
    with ArchiveFolder(tmp_path / "a", TOPIC) as folder:
        assert (folder.topic_id, folder.next_offsets) == ("first", {0: 3})
        folder.note_topic("first")
        folder.note_topic(None)
        with pytest.raises(UserError, match=r"with the id first, .*got the id other: .* created again\. Choose"):
            folder.note_topic("other")
    assert archived(tmp_path / "a") == names(0, 0, 3)


def test_archive_from_before_topic_ids_continues(tmp_path):
    with ArchiveFolder(tmp_path / "a", TOPIC) as folder:
        folder.write(rows(0, 0, 3), {0: 3})
    (tmp_path / "a" / STATE_FILE).write_text('{"topic": "inference", "next_offsets": {"0": 3}}')
    with ArchiveFolder(tmp_path / "a", TOPIC) as folder:
        folder.note_topic("now")
        assert (folder.topic_id, folder.next_offsets) == ("now", {0: 3})


def test_files_with_former_names_of_features_are_read_under_the_present_ones(tmp_path):
    former = {present: name for name, present in FORMER_NAMES.items()}
    with ArchiveFolder(tmp_path, TOPIC) as folder:
        folder.write(rows(0, 0, 3), {0: 3})
        (file,) = archived_files(tmp_path)
        table = pq.read_table(file)
        pq.write_table(table.rename_columns([former.get(name, name) for name in table.column_names]), file)
        folder.write(rows(0, 3, 2), {0: 5})
    found = read_archived_files(tmp_path, ["offset", "amount_mean_7d", "count_1h"], pc.field("offset") < 4)
    assert found.to_pydict() == {
        "offset": [0, 1, 2, 3], "amount_mean_7d": [0.0, 1.0, 2.0, 3.0], "count_1h": [0.0, 1.0, 2.0, 3.0],
    }  # fmt: skip
