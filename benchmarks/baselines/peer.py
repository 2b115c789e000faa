"""Description of a baseline: a program of its own, or a Flink job."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fraudstream.system.folders import PROJECT_ROOT

FOLDER = PROJECT_ROOT / "benchmarks" / "baselines"

Guarantee = Literal["nothing", "at-least-once", "exactly-once state, at-least-once output"]
Role = Literal["ours", "peer", "without guarantees", "limit"]


@dataclass(frozen=True, kw_only=True)
class _Peer:
    """One way to score the transactions of a topic.

    Attributes
    ----------
    slug : str
        Its name in topics and files.
    module : str
        Its file in this folder, and the name of its lock in `requirements/`.
    name : str
        What a table calls it.
    package : str
        The distribution whose version is told.
    guarantee : Guarantee
        What is right after it died and started again.
    role : Role
        "ours" and "peer" are compared; what "without guarantees" shows our own kernel without Flink, and a "limit"
        does less than the work.
    features : {"kept", "tiles", "windows", "none"}
        What it computes, a key of `oracle.ENGINES`.
    share : float
        Part of the topic that it drains: a slow one would take hours for all of it.
    """

    slug: str
    module: str
    name: str
    package: str
    guarantee: Guarantee
    role: Role = "peer"
    features: Literal["kept", "tiles", "windows", "none"] = "kept"
    share: float = 1.0

    @property
    def file(self) -> Path:
        """Its source."""
        return FOLDER / f"{self.module}.py"


@dataclass(frozen=True, kw_only=True)
class ProcessPeer(_Peer):
    """A program of its own, started as often as `processes` says; each reads its part of the partitions.

    Attributes
    ----------
    processes : int
        How many.
    isolated_venv : bool
        Whether its packages clash with ours: `requirements/MODULE.lock` is then installed for it alone.
    beside : tuple of str
        Modules of programs that have to run beside it, one each.
    """

    processes: int = 1
    isolated_venv: bool = False
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FlinkPeer(_Peer):
    """A job for the embedded cluster.

    Attributes
    ----------
    mode : {"thread", "process"}
        Where its Python runs.
    asks_registry : bool
        Whether it learns the records' schema from a schema registry.
    """

    mode: Literal["thread", "process"] = "thread"
    asks_registry: bool = False


Peer = FlinkPeer | ProcessPeer
"""A row of the catalogue."""
