"""Separate environments for tools whose packages conflict with ours."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.folders import PROJECT_ROOT, cache_folder, package_file


def tool_lock(name: str) -> Path:
    """Return the lock file of a tool that is installed on first use, for example `evidently`."""
    return package_file("fraudstream.system", "locks") / f"{name}.lock"


def isolated_venv(lock: Path, kind: str) -> Path:
    """Return the Python of an environment with the packages of a lock, below the cache folder.

    It is created on first use and when its lock changes; concurrent processes wait for one another.

    Parameters
    ----------
    lock : Path
        Lock file with hashes.
    kind : str
        Folder below the cache folder.

    Raises
    ------
    RuntimeFailure
        The packages can't be installed.
    """
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    folder = cache_folder() / kind / f"{lock.stem}-{digest}"
    python, done = folder / "bin" / "python", folder / ".done"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".making").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            run_uv("venv", "--python", sys.executable, str(folder))
            run_uv("pip", "install", "--python", str(python), "--require-hashes", "-r", str(lock))
            done.touch()
    return python


def run_uv(*arguments: str) -> None:
    """Run the project's uv, which never downloads a Python."""
    from uv import find_uv_bin  # noqa: PLC0415 (of an extra)

    environment = os.environ | {"UV_CACHE_DIR": str(cache_folder() / "uv"), "UV_PYTHON_DOWNLOADS": "never"}
    done = subprocess.run(  # noqa: S603
        [find_uv_bin(), "--quiet", *arguments],
        env=environment,
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    _done(done, f"packages to be installed, but `uv {' '.join(arguments)}`")


def run_isolated(line: Sequence[str | Path], environment: Mapping[str, str], expected: str) -> None:
    """Run a script with the Python of a separate environment.

    Parameters
    ----------
    line
        Python, script and arguments.
    environment
        Complete environment of the process.
    expected
        Description of the expected result, for the message.

    Raises
    ------
    RuntimeFailure
        The script failed; the message has the last line of its output.
    """
    _done(subprocess.run(line, env=environment, capture_output=True, text=True, check=False), expected)  # noqa: S603


def _done(done: subprocess.CompletedProcess[str], expected: str) -> None:
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"it ended with {done.returncode}"
        raise RuntimeFailure(f"expected {expected} failed: {reason}")
