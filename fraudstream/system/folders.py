"""Folders of the project, its cache, and its local state."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[2]
"""Folder of all our packages (a clone, or site-packages): the PYTHONPATH of the Flink processes."""


def package_file(package: str, name: str) -> Path:
    """Return the path of a file or folder that is installed with a package."""
    return Path(str(files(package) / name))


def cache_folder() -> Path:
    """Return the folder of downloads: `FRAUDSTREAM_CACHE`, else `~/.cache/fraudstream`."""
    chosen = os.environ.get("FRAUDSTREAM_CACHE")
    return Path(chosen).expanduser().absolute() if chosen else Path.home() / ".cache" / "fraudstream"


@dataclass(frozen=True, kw_only=True)
class StateFolder:
    """Layout of the files that a local broker and cluster keep on disk.

    Parameters
    ----------
    root
        Folder, `.fraudstream` in the working folder unless configured. Deleting it while nothing runs
        deletes all topics, checkpoints and logs.
    """

    root: Path

    @property
    def run(self) -> Path:
        """Record of the running processes."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """Logs of all processes."""
        return self.root / "logs"

    @property
    def kafka(self) -> Path:
        """Settings and topics of the broker."""
        return self.root / "kafka"

    @property
    def registry(self) -> Path:
        """Schemas of the embedded schema registry."""
        return self.root / "registry"

    @property
    def models(self) -> Path:
        """Model registry, its decision log, and the served models."""
        return self.root / "models"

    @property
    def rules(self) -> Path:
        """Audit log of the rules."""
        return self.root / "rules"

    @property
    def secrets(self) -> Path:
        """Password files for the processes of this machine, readable by this user only."""
        return self.root / "secrets"

    @property
    def flink_home(self) -> Path:
        """Flink distribution of the local cluster."""
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
        """Checkpoints of the jobs."""
        return self.root / "checkpoints"

    @property
    def savepoints(self) -> Path:
        """Savepoints of `stop --savepoint`."""
        return self.root / "savepoints"

    @property
    def high_availability(self) -> Path:
        """Records of the running jobs, for a JobManager that takes over."""
        return self.root / "high-availability"

    @property
    def temporary(self) -> Path:
        """Temporary files of the processes."""
        return self.root / "tmp"

    def create(self) -> StateFolder:
        """Create missing folders and return self."""
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
