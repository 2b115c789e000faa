"""Import of numba with a replaced print, in a separate interpreter: this one has numba already."""

import subprocess
import sys

WORKER = """
import builtins
class CustomPrint:  # as pyflink.fn_execution.beam.beam_sdk_worker_main has it
    def print(self, *args):
        pass
builtins.print = CustomPrint().print
{fix}
import numba
"""
FIX = "from jobs.reachable_print import make_print_reachable; make_print_reachable()"


def run(fix: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  (the program is the one above)
        [sys.executable, "-c", WORKER.format(fix=fix)], capture_output=True, text=True, check=False
    )


def test_numba_can_be_imported_where_print_was_replaced():
    done = run(FIX)
    assert done.returncode == 0, done.stderr


def test_numba_cannot_be_imported_without_the_fix():
    assert "has no attribute 'print'" in run("").stderr
