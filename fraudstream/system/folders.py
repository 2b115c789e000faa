from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
"""The folder that holds the packages: what the Flink processes need on their PYTHONPATH."""


def cache_folder() -> Path:
    """Say where downloads are kept: `FRAUDSTREAM_CACHE`, else `~/.cache/fraudstream`."""
    chosen = os.environ.get("FRAUDSTREAM_CACHE")
    return Path(chosen).expanduser().absolute() if chosen else Path.home() / ".cache" / "fraudstream"


@dataclass(frozen=True, kw_only=True)
class StateFolder:
    """Names of everything that a local broker and cluster keep on disk.

    Parameters
    ----------
    root
        The folder, `.fraudstream` in the working folder unless configured. Deleting it while nothing
        runs forgets all topics, checkpoints and logs.
    """

    root: Path

    @property
    def run(self) -> Path:
        """Folder of the record of running processes."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """Folder of the processes' logs."""
        return self.root / "logs"

    @property
    def kafka(self) -> Path:
        """Folder of the broker's settings and topics."""
        return self.root / "kafka"

    @property
    def registry(self) -> Path:
        """Folder of the embedded schema registry's schemas."""
        return self.root / "registry"

    @property
    def models(self) -> Path:
        """Folder of the model registry, its decisions, and the models that are served."""
        return self.root / "models"

    @property
    def rules(self) -> Path:
        """Folder of the log of rule changes."""
        return self.root / "rules"

    @property
    def secrets(self) -> Path:
        """Folder of passwords for the processes of this machine, each file for this user alone."""
        return self.root / "secrets"

    @property
    def flink_home(self) -> Path:
        """Folder of the Flink distribution."""
        return self.root / "flink"

    @property
    def code(self) -> Path:
        """Folder of the code that is shipped to a user's cluster, one copy for each version."""
        return self.root / "code"

    @property
    def jobs(self) -> Path:
        """Folder of the settings of submitted jobs, one JSON file each."""
        return self.root / "jobs"

    @property
    def checkpoints(self) -> Path:
        """Folder of the jobs' checkpoints."""
        return self.root / "checkpoints"

    @property
    def savepoints(self) -> Path:
        """Folder of the savepoints by `stop --savepoint`."""
        return self.root / "savepoints"

    @property
    def high_availability(self) -> Path:
        """Folder in which ZooKeeper and the JobManager store the running jobs, for a JobManager that takes over."""
        return self.root / "high-availability"

    @property
    def temporary(self) -> Path:
        """Folder of temporary files of the processes."""
        return self.root / "tmp"

    def create(self) -> StateFolder:
        """Make all folders that are missing and return self."""
        for folder in (
            self.run,
            self.logs,
            self.kafka,
            self.jobs,
            self.checkpoints,
            self.savepoints,
            self.high_availability,
            self.temporary,
        ):
            folder.mkdir(parents=True, exist_ok=True)
        return self
