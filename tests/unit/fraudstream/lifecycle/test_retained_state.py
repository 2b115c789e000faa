"""Models that retained state names."""

import os

import pytest

from fraudstream.lifecycle.retained_state import find_states
from fraudstream.settings.settings import load_settings
from schemas.errors import UserError

ONE, OTHER = (f"fraud-{letter * 12}-{letter * 64}" for letter in "ab")


@pytest.fixture
def settings(tmp_path):
    return load_settings(paths={"state": tmp_path / "state"})


def state(root, name, *, metadata=b"", content=b"", completed_s=1_000):
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "_metadata").write_bytes(metadata)
    (folder / "0c1d").write_bytes(content)
    os.utime(folder / "_metadata", (completed_s, completed_s))
    return folder


def test_models_are_named_by_metadata_and_by_files_of_checkpoints_and_savepoints(settings):
    state(settings.state.savepoints, "savepoint-1", content=b"\x00 /store/" + ONE.encode() + b" more")
    state(settings.state.checkpoints / "f00d", "chk-7", metadata=b"inline " + OTHER.encode())
    found = {found.job_id: found.mentions([ONE, OTHER]) for found in find_states(settings)}
    assert found == {None: {ONE}, "f00d": {OTHER}}
    assert all(found.searchable for found in find_states(settings))


def test_empty_files_and_incomplete_checkpoints_are_no_state(settings):
    (settings.state.checkpoints / "f00d" / "shared").mkdir(parents=True)
    state(settings.state.savepoints, "savepoint-1")
    assert [found.mentions([ONE]) for found in find_states(settings)] == [set()]


@pytest.mark.parametrize("metadata", [b"", b"000012.sst"])
@pytest.mark.parametrize("name", ["execution.checkpointing.snapshot-compression", "unrelated"])
def test_compressed_state_can_not_be_searched(settings, metadata, name):
    changed = settings.model_copy(update={"flink": settings.flink.model_copy(update={"config": {name: "true"}})})
    state(changed.state.savepoints, "savepoint-1", metadata=metadata)
    (found,) = find_states(changed)
    assert found.searchable == (not metadata and name == "unrelated")


def test_remote_state_is_refused_unless_explicitly_ignored(settings):
    config = {"execution.checkpointing.dir": "hdfs://bucket/checkpoints"}
    changed = settings.model_copy(update={"flink": settings.flink.model_copy(update={"config": config})})
    with pytest.raises(UserError, match="--unread-state"):
        list(find_states(changed))
    assert list(find_states(changed, unread_state=True)) == []
