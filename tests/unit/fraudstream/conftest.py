"""Fixtures of the tests of commands and of the archive."""

from pathlib import Path

import pytest

from tests.unit.fraudstream.archives import archive_history


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an archived history."""
    return archive_history(tmp_path_factory.mktemp("archive"))


@pytest.fixture
def separate_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run commands in an empty folder, with a separate state folder and without a broker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FRAUDSTREAM_KAFKA__BOOTSTRAP_SERVERS", raising=False)
    monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", str(tmp_path / "state"))
