"""Commands that run another program to its end."""

import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path


def run_child(line: Sequence[str | Path], *, cwd: Path) -> int:
    """Run a program to its end and return its exit code; forward Ctrl-C and TERM to it.

    `subprocess.run` would kill it 250 ms after Ctrl-C, and a benchmark would leave its broker and cluster running.
    It has its own process group, so that each Ctrl-C reaches it once.

    Raises
    ------
    KeyboardInterrupt
        The program ended after Ctrl-C.
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
