"""Settings of every test run, and the split of a run in several processes (`-n`)."""

import ctypes
import signal
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

# A shell that runs the tests in the background makes them, and all their child processes, ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine makes examples slow, not wrong. In CI this extends Hypothesis' profile: the same examples each time.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# Pools of megabytes come from the system, which gives them page by page as they are used, and go back to it. Otherwise
# glibc, once it has freed some, takes them from its heap, fills them with zeros and keeps them: 9 GB after the tests of
# the operators, 1.6 GB like this.
M_MMAP_THRESHOLD, POOL_BYTES = -3, 2**20
if _set_option := getattr(ctypes.CDLL(None), "mallopt", None):  # in glibc
    _set_option(M_MMAP_THRESHOLD, POOL_BYTES)

OWN_STACK = (
    "tests/e2e/",
    "tests/integration/test_chaos.py",
    "tests/integration/test_runtime.py",
    "tests/integration/test_tutorial.py",
)
"""Tests that start brokers and clusters on their preferred ports."""
SHARED_STACK = "tests/integration/"
"""Tests that need a broker and a cluster; each process starts one for all of its tests, on other ports."""
TRAINING = "tests/unit/training/"
"""The longest of the other tests: they train models."""


SLOWEST_FILES = 20


class FilesWhole(LoadScopeScheduling):
    """Scheduler that gives each file to one process, and all files with the same preferred ports to one process."""

    def _split_scope(self, nodeid: str) -> str:
        return "own stack" if nodeid.startswith(OWN_STACK) else nodeid.partition("::")[0]


def pytest_terminal_summary(terminalreporter, config):
    """Print the slowest files of a run in several processes, with the seconds of their tests and fixtures."""
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    seconds: Counter[str] = Counter()
    for report in reports:
        if isinstance(report, pytest.TestReport):
            seconds[report.nodeid.partition("::")[0]] += report.duration
    if seconds and config.getoption("numprocesses", 0):
        terminalreporter.section(f"slowest {SLOWEST_FILES} files of {seconds.total():,.0f} s in all")
        for file, duration in seconds.most_common(SLOWEST_FILES):
            terminalreporter.write_line(f"{duration:8.1f} s  {file}")


def pytest_xdist_make_scheduler(config, log):
    """Return the scheduler of a run in several processes."""
    config.option.loadscopereorder = False  # in the sequence of `pytest_collection_modifyitems`
    return FilesWhole(config, log)


def pytest_collection_modifyitems(config, items):
    """Run the longest tests first in a run of several processes, which ends with the slowest one."""
    if hasattr(config, "workerinput"):
        longest = (OWN_STACK, SHARED_STACK, TRAINING)
        items.sort(key=lambda item: [not item.nodeid.startswith(prefix) for prefix in longest])
