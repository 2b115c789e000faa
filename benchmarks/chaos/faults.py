"""Faults of a chaos run; `fraudstream up` repairs them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from benchmarks.chaos.plan import Target
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.settings.settings import Settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import NotReady, RuntimeFailure
from fraudstream.system.run_state import RunState

GONE_SECONDS = 10.0
PRESENT_SECONDS = 90.0
FAILED_CHECKPOINTS = 2
"""Checkpoints that must fail before the folder is restored."""


def kill(settings: Settings, target: Target) -> None:
    """Send SIGKILL to a process of the stack, and wait until it is gone."""
    kill_process(_worker(settings) if target is Target.PYTHON_WORKER else _process(settings, target), target)


def kill_process(victim: psutil.Process, target: Target) -> None:
    """Send SIGKILL to a process, and wait until it is gone."""
    os.kill(victim.pid, signal.SIGKILL)
    # A process without a waiting parent stays as a zombie.
    gone = wait_until(lambda: not victim.is_running() or victim.status() == psutil.STATUS_ZOMBIE, seconds=GONE_SECONDS)
    if not gone:
        raise RuntimeFailure(f"expected the {target} {victim.pid} to be gone after SIGKILL, got a running process")


def hide_checkpoints(settings: Settings, rest: FlinkRest, job_id: str) -> None:
    """Replace the job's checkpoint folder by a file until some checkpoints have failed, then restore it.

    Removing the write permission has no effect on a job that runs as root.
    """
    folder = settings.state.checkpoints / job_id
    aside, before = folder.with_name(f"{job_id}.aside"), _failed(rest, job_id)
    folder.rename(aside)
    folder.touch()
    try:
        _await(lambda: _failed(rest, job_id) >= before + FAILED_CHECKPOINTS, "a failed checkpoint")
    finally:
        folder.unlink()
        aside.rename(folder)


def stop_cluster(settings: Settings, seconds: float) -> None:
    """Kill the JobManager and all TaskManagers, and wait: the outage itself is the fault."""
    for target in (Target.JOBMANAGER, Target.TASKMANAGER):
        for process in RunState.load(settings.state).running(target):
            kill_process(psutil.Process(process.pid), target)
    time.sleep(seconds)


def await_running(rest: FlinkRest, job_id: str) -> None:
    """Wait until all of the job's tasks run."""

    def runs() -> bool:
        job = rest.job(job_id)
        return job["state"] == "RUNNING" and {vertex["status"] for vertex in job["vertices"]} <= {"RUNNING", "FINISHED"}

    _await(runs, "a running job")


def _await(condition: Callable[[], bool], expected: str) -> None:
    def holds() -> bool:
        try:
            return condition()
        except (NotReady, RuntimeFailure):
            return False  # a JobManager that has just come back does not answer for its jobs yet

    if not wait_until(holds, seconds=PRESENT_SECONDS, interval_s=0.2):
        raise RuntimeFailure(f"expected {expected} within {PRESENT_SECONDS:.0f} s, got none")


def _process(settings: Settings, target: Target) -> psutil.Process:
    found = RunState.load(settings.state).running(target)
    if not found:
        raise RuntimeFailure(f"expected a {target} to kill, found none")
    return psutil.Process(found[0].pid)


def _worker(settings: Settings) -> psutil.Process:
    """Find a Python process of the TaskManager, once its job has started one."""
    manager = _process(settings, Target.TASKMANAGER)
    found: list[psutil.Process] = []

    def there() -> bool:
        found[:] = [child for child in manager.children(recursive=True) if _is_worker(child)]
        return bool(found)

    _await(there, "a Python worker to kill")
    return found[0]


def _is_worker(process: psutil.Process) -> bool:
    try:
        words = process.cmdline()
    except psutil.Error:
        return False
    return bool(words) and Path(words[0]).name.startswith("python") and any("pyflink" in word for word in words)


def _failed(rest: FlinkRest, job_id: str) -> int:
    return int(rest.checkpoints(job_id)["counts"]["failed"])
