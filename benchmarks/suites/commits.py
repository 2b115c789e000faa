"""A measurement of this clone and of an earlier commit, in turns on the same machine.

The earlier commit is checked out and set up in a folder of its own, with the packages that it locks. A figure is the
median of the turns; its ratio is that of this clone to the earlier one. The hours of a shared machine differ by more
than most changes do, so that figures of two runs hours apart say little.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from benchmarks.bench import ROOT, console
from benchmarks.measurements import find_measurement
from benchmarks.report import Report, Section, flattened
from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.folders import PROJECT_ROOT
from schemas.errors import UserError

TURNS = 2
NOW, THEN = "this clone", "the earlier commit"


def run(brief: bool = False, *, commit: str = "", measurement: str = "throughput", turns: int = TURNS) -> Report:
    """Run the measurement of the earlier commit and of this clone in turns."""
    if find_measurement((measurement.split() or [""])[0]).name == "commits":
        raise UserError("expected a measurement to repeat, got commits. Give one: `--measurement throughput`.")
    sha = _commit(commit)
    found: dict[str, list[Mapping[str, float]]] = {THEN: [], NOW: []}
    with _checked_out(sha) as earlier:
        sides = {THEN: (earlier, earlier / ".venv/bin/python"), NOW: (PROJECT_ROOT, Path(sys.executable))}
        for turn in range(1 if brief else turns):
            for name, (clone, python) in sides.items():
                with console.status(f"turn {turn + 1}: {measurement} of {name}"):
                    found[name].append(_figures(clone, python, measurement, brief))
    return _report(sha, measurement, found)


def _commit(name: str) -> str:
    if not name:
        raise UserError("expected a commit to compare with, got none. Give one: `--commit HEAD~20`, or a tag.")
    line = ["git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"]
    done = subprocess.run(line, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise UserError(f"expected a commit of this clone, got {name!r}. Find one with `git log --oneline`.")
    return done.stdout.strip()


@contextmanager
def _checked_out(sha: str) -> Iterator[Path]:
    """Check a commit out in a folder of its own, set up as `make setup` does."""
    folder = (ROOT / "commits" / sha[:12]).absolute()
    _git("worktree", "add", "--force", "--detach", str(folder), sha)
    try:
        with console.status(f"setting up {sha[:12]}"):
            _completed(["make", "setup"], folder)
        yield folder
    finally:
        _git("worktree", "remove", "--force", str(folder))


def _git(*arguments: str) -> None:
    _completed(["git", *arguments], PROJECT_ROOT)


def _figures(clone: Path, python: Path, measurement: str, brief: bool) -> dict[str, float]:
    """Run a measurement of a clone; return its numbers by name, also where a promise of it does not hold."""
    line = [str(python), "-m", "benchmarks", *measurement.split()]
    # Whether the machine is quiet is asked once for all turns; earlier commits do not ask.
    asks = "--busy" in _run([*line, "--help"], clone).stdout
    options = [*(["--brief"] if brief else []), *(["--busy"] if asks else [])]
    done = _run([*line, "--results", str(ROOT.absolute() / "commits" / "results"), *options], clone)
    try:
        figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise _failure(done, clone) from error
    return {name: value for name, value in flattened(figures) if isinstance(value, int | float)}


def _completed(line: list[str], folder: Path) -> None:
    done = _run(line, folder)
    if done.returncode:
        raise _failure(done, folder)


def _run(line: list[str], folder: Path) -> CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603


def _failure(done: CompletedProcess[str], folder: Path) -> RuntimeFailure:
    last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
    return RuntimeFailure(f"expected `{' '.join(done.args)}` to succeed in {folder}, got: {last}")


def _report(sha: str, measurement: str, found: Mapping[str, list[Mapping[str, float]]]) -> Report:
    middle = {name: _medians(turns) for name, turns in found.items()}
    both = [name for name in middle[NOW] if name in middle[THEN]]
    ratios = {name: round(middle[NOW][name] / middle[THEN][name], 3) for name in both if middle[THEN][name]}
    rows = [(name, f"{middle[THEN][name]:,g}", f"{middle[NOW][name]:,g}", f"{ratios.get(name, '')}") for name in both]
    return Report(
        suite="commits",
        workload=" ".join(__doc__.split()),
        figures={"measurement": measurement, "commit": sha, **ratios},
        raw=dict(found),
        sections=[
            Section(
                title=f"{measurement}: {sha[:12]} and this clone, {len(found[NOW])} turns of each",
                columns=("figure", THEN, NOW, "ratio"),
                rows=rows,
            )
        ],
    )


def _medians(turns: list[Mapping[str, float]]) -> dict[str, float]:
    return {name: statistics.median(turn[name] for turn in turns if name in turn) for name in turns[0]}
