"""Commands that run in a child process."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fraudstream.system.child_command import run_child
from fraudstream.system.deadline import wait_until
from tests.patience import PATIENCE_S

CHILD = """
import pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
try:
    (folder / "begun").touch()
    time.sleep(60)
except KeyboardInterrupt:
    time.sleep(1)  # longer than the quarter of a second that subprocess.run leaves
    (folder / "tidy").touch()
    sys.exit(130)
"""
PARENT = """
import pathlib, sys
from fraudstream.system.child_command import run_child
from fraudstream.system.interrupts import terminate_as_interrupt
terminate_as_interrupt()
try:
    run_child([sys.executable, "-c", sys.argv[1], sys.argv[2]], cwd=pathlib.Path.cwd())
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_exit_code_is_that_of_the_program():
    assert run_child([sys.executable, "-c", "raise SystemExit(7)"], cwd=Path.cwd()) == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_lets_the_program_clean_up(tmp_path, number):
    parent = subprocess.Popen([sys.executable, "-c", PARENT, CHILD, str(tmp_path)])  # noqa: S603
    assert wait_until((tmp_path / "begun").exists, seconds=PATIENCE_S, interval_s=0.05)
    parent.send_signal(number)
    assert parent.wait(PATIENCE_S) == 130
    assert (tmp_path / "tidy").exists()
