"""Commands of the documentation's pages, run as their readers run them."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def run_commands(lines: str, folder: Path, environment: Mapping[str, str], *, timeout: float) -> str:
    """Run lines of bash in a folder, with the commands of this environment; return what they print."""
    done = subprocess.run(  # noqa: S603  (a page of this project)
        ["/bin/bash", "-euc", lines],
        cwd=folder,
        env={**environment, "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}"},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"{lines}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout
