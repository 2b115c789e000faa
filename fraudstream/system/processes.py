"""Start and stop of long-running processes."""

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

CLOCK_TOLERANCE_S = 2.0
"""Tolerance between two readings of a process's start time: the wall clock may be stepped in between."""
TERM_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class OwnedProcess:
    """Started process, identified by its id and start time.

    Parameters
    ----------
    name
        `broker`, `jobmanager`, `taskmanager-1`, ...
    pid
        Process id, and id of the session with all of its children.
    created
        Start time in seconds since 1970.
    log
        File with its output.
    """

    name: str
    pid: int
    created: float
    log: str

    def alive(self) -> bool:
        """Return whether this process is still running."""
        leader = _leader(self)
        return leader is not None and leader.status() != psutil.STATUS_ZOMBIE

    def resident_bytes(self) -> int:
        """Return its resident memory, 0 if it has ended."""
        leader = _leader(self)
        try:
            return 0 if leader is None else int(leader.memory_info().rss)
        except psutil.Error:
            return 0


def spawn(name: str, command: Sequence[str | Path], *, log: Path, env: Mapping[str, str], cwd: Path) -> OwnedProcess:
    """Start a program in its own session, so that Ctrl-C in the terminal does not reach it.

    Parameters
    ----------
    command
        Program and arguments; no shell.
    log
        File to append its output to.
    env
        Complete environment.
    cwd
        Working folder.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        started = subprocess.Popen(  # noqa: S603 (the command is built by us)
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
        )
    started.returncode = 0  # it survives this process on purpose: avoid a ResourceWarning
    return OwnedProcess(name=name, pid=started.pid, created=_created(started.pid), log=str(log))


def stop_processes(owned: Iterable[OwnedProcess], *, term_seconds: float = TERM_SECONDS) -> list[str]:
    """Stop the processes and their children: TERM first, then KILL after a timeout.

    Returns
    -------
    list of str
        Names of the processes that were killed.
    """
    records = list(owned)
    members = {record.name: _members(record) for record in records}
    for record in records:
        leader = _leader(record)
        if leader is not None:
            _signal(leader, signal.SIGTERM)
    _, left = psutil.wait_procs([p for found in members.values() for p in found], timeout=term_seconds)
    members = {record.name: _members(record) for record in records}  # including what was started since
    killed = [name for name, found in members.items() if set(found) & set(left)]
    remaining = [p for found in members.values() for p in found]
    for process in remaining:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(remaining, timeout=term_seconds)
    for record in records:
        _reap(record.pid)
    return killed


def _created(pid: int) -> float:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return 0.0  # it failed at once: the caller that waits for it reports that


def _leader(record: OwnedProcess) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        same = abs(process.create_time() - record.created) < CLOCK_TOLERANCE_S
    except psutil.NoSuchProcess:
        return None
    return process if same else None


def _members(record: OwnedProcess) -> list[psutil.Process]:
    """Return all running processes of the session, even if its leader has ended."""
    if psutil.pid_exists(record.pid) and _leader(record) is None:
        return []  # the id was reused, and so was the session
    return [process for process in psutil.process_iter() if _session(process.pid) == record.pid and _lives(process)]


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # another command started it


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
