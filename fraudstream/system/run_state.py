"""Record of the running services of a state folder."""

from __future__ import annotations

import dataclasses
import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fraudstream.system.folders import StateFolder
from fraudstream.system.interrupts import deferred
from fraudstream.system.kept_json import read_kept
from fraudstream.system.processes import OwnedProcess, stop_processes
from models.whole_file import replace_file
from schemas.errors import UserError

VERSION = 1
WHAT = "the record of the processes that run"
WHAT_TO_DO = "Stop what still runs by hand, then remove the file"


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """Contents of the file."""

    processes: list[OwnedProcess]
    version: int = VERSION
    bootstrap_servers: str | None = None
    rest_url: str | None = None
    registry_url: str | None = None


@dataclass(kw_only=True)
class RunState:
    """Running services of one state folder, stored in `run/state.json`.

    Saved directly after each start, so that `down` finds every process.

    Parameters
    ----------
    path
        File of the record.
    processes
        Processes that were started and not stopped.
    bootstrap_servers
        Address of the embedded broker, None without one. A dead broker keeps it for its restart.
    rest_url
        Address of the embedded cluster, likewise.
    registry_url
        Address of the embedded schema registry, None without one.
    """

    path: Path
    processes: list[OwnedProcess] = field(default_factory=list)
    bootstrap_servers: str | None = None
    rest_url: str | None = None
    registry_url: str | None = None

    @classmethod
    def load(cls, folder: StateFolder) -> RunState:
        """Read the record; empty if the file is missing."""
        path = folder.run / "state.json"
        if not path.exists():
            return cls(path=path)
        raw: dict[str, Any] = read_kept(path, dict[str, Any], WHAT, WHAT_TO_DO)
        if raw.get("version") != VERSION:
            raise UserError(
                f"expected version {VERSION} in {path}, which another release wrote: "
                "run `fraudstream down` of that release, then remove the file"
            )
        kept: _Kept = read_kept(path, _Kept, WHAT, WHAT_TO_DO)
        fields = {name: value for name, value in vars(kept).items() if name != "version"}
        return cls(path=path, **fields)

    def save(self) -> None:
        """Write the record atomically."""
        rows = [dataclasses.asdict(process) for process in self.processes]
        text = json.dumps(
            {
                "version": VERSION,
                "processes": rows,
                "bootstrap_servers": self.bootstrap_servers,
                "rest_url": self.rest_url,
                "registry_url": self.registry_url,
            },
            indent=2,
        )
        replace_file(self.path, f"{text}\n".encode())

    def start(self, launch: Callable[[], OwnedProcess]) -> OwnedProcess:
        """Start and record a process; defer Ctrl-C, which could leave an orphan between the two."""
        with deferred():
            process = launch()
            self.processes.append(process)
            self.save()
        return process

    def running(self, prefix: str = "") -> list[OwnedProcess]:
        """Return the running processes whose names begin with `prefix`."""
        return [p for p in self.processes if p.name.startswith(prefix) and p.alive()]

    def forget_dead(self, prefix: str) -> None:
        """Stop the children of ended processes and delete their records."""
        self.stop_those(lambda process: process.name.startswith(prefix) and not process.alive())

    def stop(self, prefixes: tuple[str, ...] = ("",)) -> list[str]:
        """Stop processes by name, without restart, and return the names of those that were running."""
        names = self.stop_those(lambda process: process.name.startswith(prefixes))
        left = {process.name for process in self.processes}
        self.bootstrap_servers = self.bootstrap_servers if "broker" in left else None
        self.rest_url = self.rest_url if "jobmanager" in left else None
        self.registry_url = self.registry_url if "registry" in left else None
        self.save()
        return names

    def stop_those(self, chosen: Callable[[OwnedProcess], bool]) -> list[str]:
        """Stop the selected processes and return the names of those that were running.

        Records are deleted after the processes have ended, so an interrupted stop can be repeated.
        """
        ending = [process for process in self.processes if chosen(process)]
        names = [process.name for process in ending if process.alive()]
        stop_processes(ending)
        self.processes = [process for process in self.processes if process not in ending]
        self.save()
        return names


@contextmanager
def exclusive(folder: StateFolder) -> Iterator[None]:
    """Lock the state folder while processes are started or stopped.

    Raises
    ------
    UserError
        Another command holds the lock.
    """
    folder.run.mkdir(parents=True, exist_ok=True)
    with (folder.run / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(
                f"expected no other command to start or stop processes in {folder.root}, but another "
                "`fraudstream` command is at it: wait for it to end, or choose another paths.state"
            ) from error
        yield
