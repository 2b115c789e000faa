"""Command line of a baseline's process."""

import argparse
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """What every peer's process is told.

    Attributes
    ----------
    bootstrap_servers : str
        The broker.
    model : Path
        Folder of the artifact.
    topic, scores_topic, alerts_topic : str
        Where it reads from and writes to.
    state : Path
        Folder for what it keeps on disk, empty at the start.
    process, processes : int
        Which one it is, from 0 on, and of how many.
    """

    bootstrap_servers: str
    model: Path
    topic: str
    scores_topic: str
    alerts_topic: str
    state: Path
    process: int
    processes: int

    @property
    def group(self) -> str:
        """A consumer group of the peer's own: its outputs are its own too."""
        return f"peer-{self.scores_topic}"

    def as_options(self) -> list[str]:
        """Return the command line that `parse_arguments` reads."""
        return [f"--{name.replace('_', '-')}={value}" for name, value in vars(self).items()]


def parse_arguments(description: str | None) -> Arguments:
    """Read the command line of a peer."""
    parser = argparse.ArgumentParser(description=description)
    for name in ("bootstrap-servers", "topic", "scores-topic", "alerts-topic"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("model", "state"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--process", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    return Arguments(**vars(parser.parse_args()))
