"""Folder of a model artifact."""

from pathlib import Path
from shutil import copytree

import pytest

from tests.unit.training.histories import artifact_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the artifact that a test may change."""
    return copytree(artifact_folder(), tmp_path / "model")
