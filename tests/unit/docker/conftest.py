"""Compose file, image and Flink home of the container tests."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from fraudstream.system.folders import PROJECT_ROOT

DOCKER = PROJECT_ROOT / "docker"


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    return yaml.safe_load((DOCKER / "compose.yaml").read_text())


def instructions(file: Path) -> list[list[str]]:
    """Return the instructions of a Dockerfile, each split at blanks."""
    text = file.read_text().replace("\\\n", " ")
    lines = (line.strip() for line in text.splitlines())
    return [line.split() for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="session")
def image() -> list[list[str]]:
    """Return the instructions of the image that all parts share."""
    return instructions(DOCKER / "Dockerfile")


@pytest.fixture(scope="session")
def flink_home() -> ModuleType:
    """Load the program that assembles the image's FLINK_HOME."""
    spec = importlib.util.spec_from_file_location("docker_flink_home", DOCKER / "flink_home.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def flink_settings(flink_home) -> dict[str, str]:
    return flink_home.container_settings()
