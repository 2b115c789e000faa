"""Embedded schema registry."""

import io
import tarfile
from pathlib import Path

import pytest

from fraudstream.devstack.registry import unpack_registry
from fraudstream.kafka.registry_access import registry_access
from fraudstream.settings.settings import load_settings
from fraudstream.system.failures import NotReady
from fraudstream.system.run_state import RunState


def archive(folder: Path, *names: str) -> Path:
    path = folder / "thing-1.0-all.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 4
            tar.addfile(member, io.BytesIO(b"data"))
    return path


def test_archive_is_unpacked_once(tmp_path):
    path = archive(tmp_path, "app-runner.jar", "lib/a.jar")
    program = unpack_registry(path)
    assert sorted(item.relative_to(program).as_posix() for item in program.rglob("*.jar")) == [
        "app-runner.jar",
        "lib/a.jar",
    ]
    (program / "app-runner.jar").write_bytes(b"kept")
    assert unpack_registry(path) == program
    assert (program / "app-runner.jar").read_bytes() == b"kept"


def test_archive_that_leaves_its_folder_is_refused_and_leaves_nothing(tmp_path):
    path = archive(tmp_path, "app-runner.jar", "../outside.jar")
    with pytest.raises(tarfile.FilterError):
        unpack_registry(path)
    assert list(tmp_path.iterdir()) == [path]


def test_stopped_embedded_registry_is_reported(tmp_path):
    settings = load_settings(paths={"state": tmp_path}, kafka={"embedded_registry": True})
    with pytest.raises(NotReady, match="up --registry"):
        registry_access(settings)


def test_ids_of_the_file_do_not_replace_those_of_a_dead_registry(tmp_path):
    settings = load_settings(paths={"state": tmp_path})
    assert registry_access(settings) is None
    RunState(path=settings.state.run / "state.json", registry_url="http://127.0.0.1:1").save()
    with pytest.raises(NotReady, match="up --registry"):
        registry_access(settings)
