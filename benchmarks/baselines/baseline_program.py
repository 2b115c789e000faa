"""Description of a baseline: a separate program, or a Flink job."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fraudstream.system.folders import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "benchmarks" / "baselines"

Guarantee = Literal["nothing", "at-least-once", "exactly-once state, at-least-once output"]
Role = Literal["ours", "baseline", "without guarantees", "limit"]


@dataclass(frozen=True, kw_only=True)
class _BaselineProgram:
    """Program that scores the transactions of a topic.

    Attributes
    ----------
    slug : str
        Name in topics and files.
    module : str
        Module in this folder, and name of the lock in `requirements/`.
    name : str
        Name in tables.
    package : str
        Distribution whose version is reported.
    guarantee : Guarantee
        Guarantee after a failure and restart.
    role : Role
        "ours" and "baseline" are compared; what "without guarantees" shows our own kernel without Flink, and a "limit"
        does less than the work.
    features : {"kept", "tiles", "windows", "none"}
        Features that it computes, a key of `oracle.ENGINES`.
    share : float
        Part of the topic that it drains: slow ones would need hours for all of it.
    """

    slug: str
    module: str
    name: str
    package: str
    guarantee: Guarantee
    role: Role = "baseline"
    features: Literal["kept", "tiles", "windows", "none"] = "kept"
    share: float = 1.0

    @property
    def file(self) -> Path:
        """Source file."""
        return FOLDER / f"{self.module}.py"


@dataclass(frozen=True, kw_only=True)
class ProcessBaseline(_BaselineProgram):
    """Program in processes of its own, each with its part of the partitions.

    Attributes
    ----------
    processes : int
        Number of processes.
    isolated_venv : bool
        Whether its packages conflict with ours: `requirements/MODULE.lock` is then installed separately.
    companions : tuple of str
        Modules of programs that run with it, one process each.
    """

    processes: int = 1
    isolated_venv: bool = False
    companions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FlinkBaseline(_BaselineProgram):
    """Job for the embedded cluster.

    Attributes
    ----------
    mode : {"thread", "process"}
        Execution mode of its Python.
    asks_registry : bool
        Whether it reads the records' schema from a schema registry.
    """

    mode: Literal["thread", "process"] = "thread"
    asks_registry: bool = False


BaselineProgram = FlinkBaseline | ProcessBaseline
"""Row of the catalogue."""
