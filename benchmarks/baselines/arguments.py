"""Command line of a baseline's process."""

import argparse
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """Arguments of a baseline's process.

    Attributes
    ----------
    bootstrap_servers : str
        Addresses of the broker.
    model : Path
        Folder of the artifact.
    topic, scores_topic, alerts_topic : str
        Topics to read and to write.
    state : Path
        Folder for its files, empty at the start.
    process, processes : int
        Number of the process, from 0, and number of processes.
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
        """Consumer group of the baseline, one per output topic."""
        return f"baseline-{self.scores_topic}"

    def as_options(self) -> list[str]:
        """Return the command line that `parse_arguments` reads."""
        return [f"--{name.replace('_', '-')}={value}" for name, value in vars(self).items()]


def parse_arguments(description: str | None) -> Arguments:
    """Read the command line of a baseline."""
    parser = argparse.ArgumentParser(description=description)
    for name in ("bootstrap-servers", "topic", "scores-topic", "alerts-topic"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("model", "state"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--process", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    return Arguments(**vars(parser.parse_args()))
