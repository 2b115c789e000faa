"""The tables of folders list every package."""

import re
from pathlib import Path

import pytest

from fraudstream.system.folders import PROJECT_ROOT


def listed(page: str) -> set[str]:
    """Return the folders in the first cells of a page's tables."""
    rows = re.findall(r"^\| (`[^|]+) \|", (PROJECT_ROOT / page).read_text(), re.MULTILINE)
    return {name.rstrip("/") for row in rows for name in re.findall(r"`([^`]+)/`", row)}


def packages(folder: Path) -> set[str]:
    """Return the names of a folder's packages."""
    return {file.parent.name for file in folder.glob("*/__init__.py")}


@pytest.mark.parametrize(("page", "folder"), [("README.md", "."), ("CONTRIBUTING.md", "fraudstream")])
def test_every_package_is_in_the_table_of_folders(page, folder):
    assert packages(PROJECT_ROOT / folder) - listed(page) == set()


@pytest.mark.parametrize(("page", "folder"), [("README.md", "."), ("CONTRIBUTING.md", "fraudstream")])
def test_every_folder_of_the_table_exists(page, folder):
    assert [name for name in listed(page) if not any((PROJECT_ROOT / at / name).is_dir() for at in (folder, "."))] == []
