"""Command line of an archiver that follows its topic."""

import sys
from pathlib import Path


def follow_command(folder: Path) -> list[str]:
    """Return `archive --follow` into a folder, with a file each second."""
    return [sys.executable, "-m", "fraudstream", "archive", "--out", str(folder), "--follow", "--flush-s", "1"]
