"""Environments of their own for tools whose packages clash with ours."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.folders import PROJECT_ROOT, cache_folder


def tool_lock(name: str) -> Path:
    """Return the lock file of a tool that is installed on first use, for example `evidently`."""
    return Path(str(files("fraudstream.system") / "locks" / f"{name}.lock"))


def isolated_venv(lock: Path, kind: str) -> Path:
    """Return the Python of an environment with the packages of a lock, under the cache folder.

    It is made when it is not there, or when its lock has changed; of processes that want it at once one makes it.

    Parameters
    ----------
    lock : Path
        With hashes; its name is part of the environment's.
    kind : str
        The folder below the cache folder.

    Raises
    ------
    RuntimeFailure
        When the packages can't be installed.
    """
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    folder = cache_folder() / kind / f"{lock.stem}-{digest}"
    python, done = folder / "bin" / "python", folder / ".done"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".making").open("w") as made_by_one:
        fcntl.flock(made_by_one, fcntl.LOCK_EX)
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
    """Run a script by the Python of an environment of its own.

    Parameters
    ----------
    line
        Python, script and arguments.
    environment
        Of the process: all of it.
    expected
        What it is to make, for the message.

    Raises
    ------
    RuntimeFailure
        It failed; the message has the last line that it said.
    """
    _done(subprocess.run(line, env=environment, capture_output=True, text=True, check=False), expected)  # noqa: S603


def _done(done: subprocess.CompletedProcess[str], expected: str) -> None:
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"it ended with {done.returncode}"
        raise RuntimeFailure(f"expected {expected} failed: {reason}")
