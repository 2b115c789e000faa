"""Marks of shards and mode in the metadata of a state."""

import pytest

from fraudstream.control.state_marks import METADATA_FILE, StateMarks, explain_refusal, read_marks
from jobs.operator_id import operator_id
from jobs.operator_uids import DETECT_DRIFT, SCORE_BATCH, marked
from tests.integration.savepoint_fixture import SAVEPOINTS


def flinks_message(uid: str) -> str:
    return (
        "JobInitializationException: Failed to rollback to checkpoint/savepoint file:/c/chk-7. Cannot map "
        f"checkpoint/savepoint state for operator {operator_id(uid)} to the new program"
    )


def test_savepoint_of_the_first_release_is_unmarked():
    marks = read_marks(SAVEPOINTS / "0.1.0" / "savepoint")
    assert marks is not None
    assert marks.unmarked


@pytest.mark.parametrize("mode", ["thread", "process"])
@pytest.mark.parametrize("shards", [1, 16, 2])
def test_marks_are_read_from_the_metadata(tmp_path, mode, shards):
    uid = marked(SCORE_BATCH, mode=mode, shards=shards).encode()
    (tmp_path / METADATA_FILE).write_bytes(b"\0\0\x03abc" + len(uid).to_bytes(2, "big") + uid + b"abc")
    assert read_marks(tmp_path) == StateMarks(mode, shards)


@pytest.mark.parametrize(("uid", "replaced"), [("labels-source-3", True), ("label-lanes-source-3", False)])
def test_operators_of_an_earlier_version_are_found_in_the_metadata(tmp_path, uid, replaced):
    uids = (marked(SCORE_BATCH, mode="thread", shards=2).encode(), uid.encode())
    (tmp_path / METADATA_FILE).write_bytes(b"".join(len(item).to_bytes(2, "big") + item for item in uids))
    assert read_marks(tmp_path) == StateMarks("thread", 2, has_replaced=replaced)


def test_folder_without_metadata_or_of_another_job_has_no_marks(tmp_path):
    assert read_marks(tmp_path) is None
    (tmp_path / METADATA_FILE).write_bytes(b"\0\x11score-batch-other")
    assert read_marks(tmp_path) is None


@pytest.mark.parametrize(
    ("uid", "words"),
    [
        (
            marked(SCORE_BATCH, mode="process", shards=8),
            "job.mode to be 'process' as in the state, got 'thread', and expected job.shards to be 8",
        ),
        (marked(DETECT_DRIFT, mode="process", shards=8), "job.mode to be 'process' as in the state, got 'thread': set"),
        (
            marked("label-lanes-window-aggregate", mode="process", shards=8),
            "expected job.shards to be 8 as in the state, got 2: set it back",
        ),
        (SCORE_BATCH, "got state of fraudstream 0.1. Take a savepoint with"),
        ("queries-window-aggregate", "got state of fraudstream 0.1"),
        ("labels-source", "got state of one that read the labels otherwise"),
        ("labels-window-aggregate-2", "got state of one that read the labels otherwise"),
        (
            "label-lanes-source-2",
            "a source of topics.labels for the state, whose topic was created again 2 times, found none",
        ),
    ],
)
def test_refusal_of_flink_is_explained(uid, words):
    assert words in (explain_refusal(flinks_message(uid), mode="thread", shards=2) or "")


def test_other_failures_are_unchanged():
    assert explain_refusal("no slots", mode="thread", shards=2) is None
    assert explain_refusal(flinks_message("somebody-elses"), mode="thread", shards=2) is None
