"""Python environments of baselines whose packages conflict with ours, built from their locks."""

import re
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks.baselines.baseline_program import FOLDER, BaselineProgram, ProcessBaseline
from benchmarks.baselines.jars import fetch_baseline_jars
from fraudstream.system.isolated_venv import isolated_venv

LOCKS = FOLDER / "requirements"


def interpreter(baseline: ProcessBaseline) -> Path:
    """Return the Python of a baseline; its environment is built if missing or if its lock has changed.

    Raises
    ------
    RuntimeFailure
        The packages can't be installed.
    """
    fetch_baseline_jars(baseline.module)
    if not baseline.isolated_venv:
        return Path(sys.executable)
    return isolated_venv(LOCKS / f"{baseline.module}.lock", "baselines")


def version_of(baseline: BaselineProgram) -> str:
    """Return the version of a baseline's package, from its environment."""
    if not (isinstance(baseline, ProcessBaseline) and baseline.isolated_venv):
        return version(baseline.package)
    locked = re.search(rf"^{baseline.package}==(\S+)", (LOCKS / f"{baseline.module}.lock").read_text(), re.MULTILINE)
    return locked.group(1) if locked else "unknown"
