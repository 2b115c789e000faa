"""Environment of a test's commands, without settings of the user."""

import os
from pathlib import Path


def clean_environment(folder: Path) -> dict[str, str]:
    """Return the environment with no fraudstream setting but the cache, and a state folder below `folder`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name == "FRAUDSTREAM_CACHE" or not name.startswith("FRAUDSTREAM_")
    }
    return kept | {"FRAUDSTREAM_PATHS__STATE": str(folder / "state")}
