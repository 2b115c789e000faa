"""Check that the packages with plain names are those of this installation."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from fraudstream.system.folders import PROJECT_ROOT

OWN_PACKAGES = ("schemas", "models", "jobs", "producers")


NOT_READY = 3
"""Exit code of a command that something is missing for."""


def require_own_packages() -> None:
    """End the process with a message where a package is another distribution's."""
    problem = foreign_package()
    if problem is not None:
        print(f"Error: {problem}", file=sys.stderr)
        sys.exit(NOT_READY)


def foreign_package() -> str | None:
    """Return the message on a package that is not ours, since another distribution's is found first; None: all are.

    It imports none of them, so that it works where that fails.
    """
    for name in OWN_PACKAGES:
        spec, own = importlib.util.find_spec(name), PROJECT_ROOT / name
        found = [Path(folder).resolve() for folder in (spec and spec.submodule_search_locations) or ()]
        if found[:1] != [own.resolve()]:
            got = str(found[0]) if found else (spec.origin if spec and spec.origin else "none")
            return (
                f"expected the package {name} of fraudstream at {own}, got {got}. Uninstall the other distribution "
                "with a package of that name, remove it from PYTHONPATH, or give fraudstream an environment of its own."
            )
    return None
