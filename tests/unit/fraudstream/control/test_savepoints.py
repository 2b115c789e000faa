"""Checks of savepoints before a start."""

from dataclasses import replace

import pytest

from fraudstream.control.savepoints import (
    MANIFEST_FILE,
    check_savepoint,
    has_replaced_operators,
    is_unmarked,
    known_manifest,
    note_manifest,
)
from fraudstream.system.folders import StateFolder
from jobs.state_manifest import StateManifest, StateMismatchError
from tests.integration.savepoint_fixture import SAVEPOINTS
from tests.unit.fraudstream.control.job_ids import JOB

JOB_ID = "0123456789abcdef" * 2
LABELS = StateManifest.from_json(
    JOB.to_json().replace('"score-batch-thread-2"', '"label-lanes-source", "score-batch-thread-2"')
)


@pytest.fixture
def savepoint(tmp_path):
    """Return a function that writes a savepoint folder with a space in its name and returns its URI."""

    def write(manifest: StateManifest | None) -> str:
        folder = tmp_path / "save point"
        folder.mkdir()
        if manifest is not None:
            (folder / MANIFEST_FILE).write_text(manifest.to_json())
        return folder.as_uri()

    return write


def test_savepoint_of_the_same_job_is_accepted_without_a_message(savepoint):
    assert check_savepoint(savepoint(JOB), JOB) == ""


def test_savepoint_without_a_manifest_is_accepted_with_a_note_of_skipped_checks(savepoint):
    assert "not checked against the job: mode thread, 2 shards, topic t" in check_savepoint(savepoint(None), JOB)


def test_remote_savepoint_is_accepted_with_a_note_of_skipped_checks():
    assert "not checked" in check_savepoint("hdfs://bucket/savepoint-1", JOB)


def test_absent_savepoint_is_refused(tmp_path):
    with pytest.raises(StateMismatchError, match="none: name another"):
        check_savepoint(str(tmp_path / "absent"), JOB)


def test_dropping_state_needs_an_option_and_is_reported(savepoint):
    folder = savepoint(LABELS)
    with pytest.raises(StateMismatchError, match=r"none for label-lanes-source .*--allow-dropped-state"):
        check_savepoint(folder, JOB)
    assert check_savepoint(folder, JOB, may_drop=None) == "The state of label-lanes-source is left behind"
    assert check_savepoint(folder, JOB, may_drop=frozenset({"label-lanes-source"})) != ""
    with pytest.raises(StateMismatchError):
        check_savepoint(folder, JOB, may_drop=frozenset({"outputs-sink"}))


def test_another_number_of_shards_is_refused_even_if_state_may_be_dropped(savepoint):
    other = StateManifest.from_json(JOB.to_json().replace('"shards": 2', '"shards": 4'))
    with pytest.raises(StateMismatchError, match=r"job\.shards"):
        check_savepoint(savepoint(other), JOB, may_drop=None)


def test_state_of_a_newer_version_is_refused_even_if_state_may_be_dropped(savepoint):
    newer = StateManifest.from_json(JOB.to_json().replace('"histories": 2', '"histories": 3'))
    with pytest.raises(StateMismatchError, match=r"histories of version 2 or older.*got 3: .*1\.0 or newer"):
        check_savepoint(savepoint(newer), JOB, may_drop=None)


def marked_checkpoint(folder, uid: str) -> str:
    (folder / "_metadata").write_bytes(len(uid).to_bytes(2, "big") + uid.encode())
    return str(folder)


@pytest.mark.parametrize("may_drop", [None, frozenset()])
@pytest.mark.parametrize(
    ("uid", "words"),
    [
        ("score-batch-thread-4", "expected job.shards to be 4 as in the state, got 2"),
        ("score-batch-process-2", "expected job.mode to be 'process' as in the state, got 'thread'"),
    ],
)
def test_checkpoint_of_other_shards_or_mode_is_refused_by_its_metadata(tmp_path, uid, words, may_drop):
    with pytest.raises(StateMismatchError, match=words):
        check_savepoint(marked_checkpoint(tmp_path, uid), JOB, may_drop=may_drop)


def test_checkpoint_of_the_same_shards_and_mode_is_accepted(tmp_path):
    assert "against the job: topic t, state versions" in check_savepoint(
        marked_checkpoint(tmp_path, "score-batch-thread-2"), JOB, may_drop=None
    )


def test_checkpoint_of_the_first_release_is_accepted_only_with_its_number_of_shards(tmp_path):
    folder = marked_checkpoint(tmp_path, "score-batch")
    with pytest.raises(StateMismatchError, match=r"0\.1 and has no fraudstream\.json.*--unmarked-state"):
        check_savepoint(folder, JOB)
    assert check_savepoint(folder, JOB, unmarked_state=True) != ""
    assert is_unmarked(folder)
    assert is_unmarked(str(SAVEPOINTS / "0.1.0" / "savepoint"))
    assert not is_unmarked(marked_checkpoint(tmp_path, "score-batch-thread-2"))


def test_unreadable_state_may_not_be_dropped():
    with pytest.raises(StateMismatchError, match="Flink would drop all that does not fit"):
        check_savepoint("hdfs://bucket/chk-7", JOB, may_drop=None)


def test_retained_checkpoint_is_checked_against_the_manifest_of_its_job(tmp_path):
    where = StateFolder(root=tmp_path / "state").create()
    noted = replace(JOB, topic_ids={"t": "id"})
    note_manifest(where, JOB_ID, noted)
    for location in (f"hdfs://bucket/{JOB_ID}/chk-12", str(where.checkpoints / JOB_ID / "chk-12")):
        assert known_manifest(location, where) == noted
    for location in ("hdfs://bucket/chk-12", f"hdfs://bucket/{JOB_ID[::-1]}/chk-12", f"hdfs://bucket/{JOB_ID}"):
        assert known_manifest(location, where) is None
    assert check_savepoint(f"hdfs://bucket/{JOB_ID}/chk-12", JOB, noted=noted) == ""
    with pytest.raises(StateMismatchError, match=r"topics\.transactions"):
        check_savepoint(f"hdfs://bucket/{JOB_ID}/chk-12", replace(JOB, transactions="other"), noted=noted)


def test_manifest_next_to_a_savepoint_takes_precedence(tmp_path, savepoint):
    where = StateFolder(root=tmp_path / "state").create()
    assert known_manifest(savepoint(JOB), where) == JOB


def test_unreadable_state_may_not_lose_a_source():
    with pytest.raises(StateMismatchError, match=r"--reset-topic, but .* Flink would drop all that does not fit"):
        check_savepoint("hdfs://bucket/chk-7", JOB, may_drop=frozenset({"labels-source"}))


def test_state_of_labels_that_went_to_every_shard_is_left_behind_without_an_option(savepoint, tmp_path):
    former = StateManifest.from_json(JOB.to_json().replace('"score-batch-thread-2"', '"labels-source", "score-batch"'))
    folder, where = savepoint(former), StateFolder(root=tmp_path)
    check_savepoint(folder, JOB)
    assert has_replaced_operators(folder, where)


def test_state_of_this_version_has_no_operators_that_are_left_behind(savepoint, tmp_path):
    assert not has_replaced_operators(savepoint(JOB), StateFolder(root=tmp_path))
