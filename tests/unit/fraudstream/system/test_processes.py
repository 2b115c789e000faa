"""Start and stop of processes."""

import dataclasses
import os
import sys
from pathlib import Path

import psutil
import pytest

from fraudstream.system.deadline import wait_until
from fraudstream.system.folders import StateFolder
from fraudstream.system.processes import OwnedProcess, spawn, stop_processes
from fraudstream.system.run_state import RunState, exclusive
from schemas.errors import UserError
from tests.patience import PATIENCE_S

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
PARENT = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]); {SLEEPER}"


@pytest.fixture
def launch(tmp_path: Path):
    started: list[OwnedProcess] = []

    def start(code: str, name: str = "sleeper") -> OwnedProcess:
        log = tmp_path / f"{name}.log"
        process = spawn(name, [sys.executable, "-c", code], log=log, env=os.environ, cwd=tmp_path)
        started.append(process)
        assert wait_until(lambda: log.read_text().count("up") == code.count("600"), seconds=PATIENCE_S)
        return process

    yield start
    stop_processes(started, term_seconds=1)


def session(process: OwnedProcess) -> list[int]:
    """List the live processes of a session (a dead child may wait for init to reap it)."""
    members = (p for p in psutil.process_iter(["status"]) if os.getsid(p.pid) == process.pid)
    return [p.pid for p in members if p.info["status"] != psutil.STATUS_ZOMBIE]


def test_stopped_process_is_gone_and_leaves_no_zombie(launch):
    process = launch(SLEEPER)
    assert process.alive()
    assert stop_processes([process], term_seconds=PATIENCE_S) == []
    assert not psutil.pid_exists(process.pid)


def test_process_that_ignores_term_is_killed(launch):
    process = launch(DEAF)
    assert stop_processes([process], term_seconds=0.3) == ["sleeper"]
    assert not process.alive()


def test_children_are_stopped_with_their_parent(launch):
    process = launch(PARENT)
    assert len(session(process)) == 2
    stop_processes([process], term_seconds=1)
    assert session(process) == []


def test_children_of_a_killed_parent_are_stopped(launch):
    process = launch(PARENT)
    psutil.Process(process.pid).kill()
    assert wait_until(lambda: not process.alive(), seconds=PATIENCE_S)
    stop_processes([process], term_seconds=1)
    assert session(process) == []


def test_process_with_a_reused_id_is_not_stopped(launch):
    process = launch(SLEEPER)
    stale = dataclasses.replace(process, created=process.created - 3600)
    assert not stale.alive()
    stop_processes([stale], term_seconds=0.3)
    assert process.alive()


def test_another_command_finds_and_stops_recorded_processes(tmp_path, launch):
    folder = StateFolder(root=tmp_path / "state").create()
    RunState.load(folder).start(lambda: launch(SLEEPER, "broker"))
    found = RunState.load(folder)
    assert [p.name for p in found.running("broker")] == ["broker"]
    assert found.stop() == ["broker"]
    assert RunState.load(folder).processes == []


def test_addresses_are_removed_with_their_process(tmp_path, launch):
    run = RunState.load(StateFolder(root=tmp_path / "state").create())
    run.start(lambda: launch(SLEEPER, "broker"))
    run.bootstrap_servers = "127.0.0.1:1"
    run.stop(("broker",))
    assert RunState.load(StateFolder(root=tmp_path / "state")).bootstrap_servers is None


def test_two_commands_do_not_start_processes_at_once(tmp_path):
    folder = StateFolder(root=tmp_path)
    with (
        exclusive(folder),
        pytest.raises(UserError, match="another `fraudstream` command"),
        exclusive(folder),
    ):
        pass
