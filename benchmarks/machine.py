"""Description of the machine that figures were measured on."""

import platform
import shutil
import subprocess
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

import psutil

from fraudstream.devstack.jars import read_lock
from fraudstream.system.folders import PROJECT_ROOT

PACKAGES = ("fraudstream", "apache-flink", "confluent-kafka", "lightgbm", "numba", "numpy", "onnxruntime", "pyarrow")
BROKER = "kafka_2.13"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Machine of a measurement, without its name or user.

    Attributes
    ----------
    processor : str
        Model name of the processor.
    cores : int
        Logical cores available to this process.
    memory_gib : float
    system : str
        Operating system and architecture.
    python : str
    commit : str
        Commit of the clone, with a + for changed files; empty outside of one.
    versions : dict of str to str
        Versions of the main packages and the broker.
    """

    processor: str
    cores: int
    memory_gib: float
    system: str
    python: str
    commit: str
    versions: dict[str, str]

    @classmethod
    def here(cls) -> Self:
        """Describe this machine."""
        return cls(
            processor=_processor(),
            cores=len(psutil.Process().cpu_affinity()),
            memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
            system=f"{platform.system()} {platform.machine()}",
            python=platform.python_version(),
            commit=_commit(),
            versions={name: version(name) for name in PACKAGES} | {"kafka": _broker_version()},
        )

    @property
    def line(self) -> str:
        """Description in one line."""
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return (
            f"{self.processor}, {self.cores} cores, {self.memory_gib} GiB; {self.system}; Python {self.python}; "
            f"{versions}; commit {self.commit or 'unknown'}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _broker_version() -> str:
    return next(jar.version for jar in read_lock() if jar.artifact == BROKER)


def _commit() -> str:
    if shutil.which("git") is None:
        return ""
    line = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    done = subprocess.run(line, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip()
