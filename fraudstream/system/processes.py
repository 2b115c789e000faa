from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

CLOCK_TOLERANCE_S = 2.0
"""How far two readings of one process's start may differ (the wall clock may be stepped between them)."""
TERM_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True)
class OwnedProcess:
    """A process that we started, told apart from a later one with the same id by its start time.

    Parameters
    ----------
    name
        `broker`, `jobmanager`, `taskmanager-1`, ...
    pid
        Its id, which is also the id of its session: everything it starts is in that session.
    created
        Seconds since the epoch at which it was started.
    log
        Where its output goes.
    """

    name: str
    pid: int
    created: float
    log: str

    def alive(self) -> bool:
        """Say whether this very process still runs."""
        leader = _leader(self)
        return leader is not None and leader.status() != psutil.STATUS_ZOMBIE

    def resident_bytes(self) -> int:
        """Memory that it holds now, 0 when it is gone."""
        leader = _leader(self)
        try:
            return 0 if leader is None else int(leader.memory_info().rss)
        except psutil.Error:
            return 0


def spawn(name: str, command: Sequence[str | Path], *, log: Path, env: Mapping[str, str], cwd: Path) -> OwnedProcess:
    """Start a program in a session of its own, so that a Ctrl-C meant for us does not reach it.

    Parameters
    ----------
    name
        What to call it in messages.
    command
        Program and arguments; no shell.
    log
        File that its output is appended to.
    env
        Its whole environment.
    cwd
        Its working folder.
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
    started.returncode = 0  # it outlives us on purpose: no ResourceWarning when the handle is dropped
    return OwnedProcess(name=name, pid=started.pid, created=_created(started.pid), log=str(log))


def stop_processes(owned: Iterable[OwnedProcess], *, term_seconds: float = TERM_SECONDS) -> list[str]:
    """End the processes and all that they started: TERM first, KILL for those left at the deadline.

    Parameters
    ----------
    owned
        Records of processes; those long gone are passed over.
    term_seconds
        How long they may take to end by themselves.

    Returns
    -------
    list of str
        Names of those that had to be killed.
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
        return 0.0  # it failed at once: whoever waits for it will say so


def _leader(record: OwnedProcess) -> psutil.Process | None:
    try:
        process = psutil.Process(record.pid)
        same = abs(process.create_time() - record.created) < CLOCK_TOLERANCE_S
    except psutil.NoSuchProcess:
        return None
    return process if same else None


def _members(record: OwnedProcess) -> list[psutil.Process]:
    """Find all living processes of the record's session (its leader may be dead already)."""
    if psutil.pid_exists(record.pid) and _leader(record) is None:
        return []  # the id belongs to somebody else now, so the session does too
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
