"""The wheel, built from a copy of the sources and installed outside the clone."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fraudstream.system.folders import PROJECT_ROOT
from fraudstream.system.isolated_venv import run_uv

SOURCES = ("schemas", "models", "jobs", "producers", "fraudstream", "pyproject.toml", "README.md", "LICENSE")


@dataclass(frozen=True, kw_only=True)
class Installation:
    """An environment with the wheel, and an empty working folder.

    Parameters
    ----------
    scripts
        Folder of the environment's programs.
    folder
        Working folder of the commands.
    """

    scripts: Path
    folder: Path

    def run(self, *arguments: str | Path, program: str = "fraudstream") -> subprocess.CompletedProcess[str]:
        """Run a command of the wheel without the clone on its path."""
        ours = ("FRAUDSTREAM_", "PYTHON", "VIRTUAL_ENV")
        env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        if "FRAUDSTREAM_CACHE" in os.environ:
            env["FRAUDSTREAM_CACHE"] = os.environ["FRAUDSTREAM_CACHE"]
        line = [self.scripts / program, *arguments]
        return subprocess.run(line, cwd=self.folder, env=env, capture_output=True, text=True, check=False)  # noqa: S603


def build_wheel(folder: Path) -> Path:
    """Build the wheel from a copy of the sources, as a build writes files next to them."""
    for name in SOURCES:
        source, target = PROJECT_ROOT / name, folder / "sources" / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    line = [
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        folder,
        folder / "sources",
    ]
    subprocess.run([sys.executable, *line], check=True, capture_output=True)  # noqa: S603
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, lock: str, folder: Path) -> Installation:
    """Install a lock of requirements/ and the wheel into an empty environment."""
    python = folder / "venv" / "bin" / "python"
    run_uv("venv", "--python", sys.executable, str(folder / "venv"))
    run_uv("pip", "install", "--python", str(python), "--require-hashes", "-r", f"requirements/{lock}.lock")
    run_uv("pip", "install", "--python", str(python), "--no-deps", str(wheel))
    (folder / "work").mkdir()
    return Installation(scripts=python.parent, folder=folder / "work")
