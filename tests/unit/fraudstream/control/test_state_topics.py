"""Topics and offsets of a state."""

from dataclasses import replace

import pytest

from fraudstream.control.state_marks import METADATA_FILE
from fraudstream.control.state_topics import StateTopics, source_offsets
from tests.integration.savepoint_fixture import LABELLED, OPEN, SCORED, SavepointFixture
from tests.unit.fraudstream.control.job_ids import JOB

PAST = SavepointFixture.read("0.1.0")
TRANSACTIONS, LABELS = f"{PAST.topics_prefix}.transactions", f"{PAST.topics_prefix}.labels"


def uid(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode()


def split(topic: str, partition: int, offset: int) -> bytes:
    return uid(topic) + partition.to_bytes(4, "big") + offset.to_bytes(8, "big", signed=True) + b"\x80" + bytes(7)


def test_offsets_of_a_flink_savepoint_are_those_of_the_records_read():
    found = StateTopics.read(None, PAST.folder, [TRANSACTIONS, LABELS]).offsets
    read = {
        topic: sum(offset for (name, _), offset in found.items() if name == topic) for topic in (TRANSACTIONS, LABELS)
    }
    assert read == {TRANSACTIONS: len(PAST.rows(LABELLED, SCORED, OPEN)), LABELS: len(PAST.rows(LABELLED))}
    assert {partition for _, partition in found} == {0, 1}


def test_offsets_are_read_from_metadata_and_other_files_without_those_of_no_record(tmp_path):
    (tmp_path / METADATA_FILE).write_bytes(b"abc" + split("t", 0, 5) + split("t", 1, -2) + split("longer.t", 0, 9))
    (tmp_path / "4f1c").write_bytes(split("t", 2, 7) + split("t", 0, 4))
    assert StateTopics.read(None, tmp_path, ["t"]).offsets == {("t", 0): 5, ("t", 2): 7}


def test_large_files_are_not_read_for_offsets(tmp_path):
    (tmp_path / "4f1c").write_bytes(split("t", 2, 7) + bytes(1 << 20))
    assert StateTopics.read(None, tmp_path, ["t"]).offsets == {}


@pytest.mark.parametrize("folder", [None, "absent"])
def test_remote_state_has_unknown_offsets(tmp_path, folder):
    assert StateTopics.read(None, folder and tmp_path / folder, ["t"]) == StateTopics()


def test_generations_are_read_from_the_uids_without_a_manifest(tmp_path):
    uids = uid("labels-source-3") + b"12" + uid("control-source") + b"7" + uid("transactions-source-12")
    (tmp_path / METADATA_FILE).write_bytes(b"\0\0" + uids + b"3")
    assert StateTopics.read(None, tmp_path, []).generations == {"labels": 3, "transactions": 12}
    assert StateTopics.read(JOB, tmp_path, []).generations == {}


def test_two_sources_of_one_topic_have_offsets_of_their_own(tmp_path):
    metadata = uid("control-source") + split("c", 0, 5) + uid("score-batch") + split("c", 0, 9) + uid("lists-source")
    (tmp_path / METADATA_FILE).write_bytes(metadata + b"4f1c" + uid("outputs-sink") + b"77aa")
    (tmp_path / "4f1c").write_bytes(split("c", 0, 3) + split("c", 1, 8))
    (tmp_path / "77aa").write_bytes(split("c", 0, 99))
    uids = {"control": "control-source", "lists": "lists-source", "labels": "labels-source"}
    found = source_offsets(tmp_path, dict.fromkeys(uids, "c"), uids, ["score-batch", "outputs-sink"])
    assert found == {"control": {0: 5}, "lists": {0: 3, 1: 8}}


def test_offsets_of_a_flink_savepoint_are_found_by_source():
    topics = {"transactions": TRANSACTIONS, "labels": LABELS}
    uids = {name: f"{name}-source" for name in topics}
    found = source_offsets(PAST.folder, topics, uids, [])
    assert {table: sum(ends.values()) for table, ends in found.items()} == {
        "transactions": len(PAST.rows(LABELLED, SCORED, OPEN)), "labels": len(PAST.rows(LABELLED)),
    }  # fmt: skip


def test_an_imported_state_has_its_start_positions_as_offsets_except_of_topics_that_are_read_again(tmp_path):
    starts = {"transactions": {"0": [4, 2]}, "control": {"0": [7]}, "lists": {"1": [6]}}
    imported = replace(JOB, start_positions=starts)
    found = StateTopics.read(imported, tmp_path, [JOB.transactions])
    assert found.offsets == {(JOB.transactions, 0): 2, (JOB.control, 0): 7, (JOB.control, 1): 6}
    assert found.start_positions(()) == starts
    assert found.start_positions(["control"]) == {"transactions": {"0": [4, 2]}}
