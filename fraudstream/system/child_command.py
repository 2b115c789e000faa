"""Commands that run another program to its end."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path


def run_child(line: Sequence[str | Path], *, cwd: Path) -> int:
    """Run a program, and return its exit code; Ctrl-C and TERM are passed on to it, and its end is waited for.

    `subprocess.run` would kill it a quarter of a second after Ctrl-C: a benchmark leaves its broker and its cluster
    running then. It is not in our group of processes, so that each Ctrl-C reaches it once.

    Raises
    ------
    KeyboardInterrupt
        The program has ended after one.
    """
    child = subprocess.Popen(line, cwd=cwd, process_group=0)  # noqa: S603
    interrupted = False
    while True:
        try:
            code = child.wait()
        except KeyboardInterrupt:
            interrupted = True
            child.send_signal(signal.SIGINT)
            continue
        if interrupted:
            raise KeyboardInterrupt
        return code
