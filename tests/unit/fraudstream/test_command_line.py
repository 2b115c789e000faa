"""Commands under system failures: invalid files, full disks, closed pipes, Ctrl-C."""

import os
import resource
import signal
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from fraudstream.system.failures import RuntimeFailure
from schemas.errors import UserError
from tests.patience import PATIENCE_S

COMMAND = [sys.executable, "-m", "fraudstream"]
SMALL_WORLD = ["--customers", "50", "--merchants", "100", "--days", "4"]


pytestmark = pytest.mark.usefixtures("separate_state")


def run(*arguments, **options):
    return subprocess.run(  # noqa: S603
        [*COMMAND, *arguments], stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=False, **options
    )


@pytest.mark.parametrize(
    "command", [["doctor"], ["doctor", "--json"], ["down"], ["status", "--json"], ["rules", "log"]]
)
def test_closed_pipe_ends_the_command_silently(command):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        done = run(*command, stdout=gone)
    assert (done.returncode, "Traceback" in done.stderr, "BrokenPipe" in done.stderr) == (141, False, False)


@pytest.mark.parametrize("command", [["doctor"], ["doctor", "--json"], ["down"]])
def test_full_output_is_reported(command):
    with Path("/dev/full").open("wb") as full:
        done = run(*command, stdout=full)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_file_instead_of_the_state_folder_is_a_user_error(tmp_path):
    (tmp_path / "state").write_text("")
    for command in (["down"], ["rules", "log"], ["model", "log"]):
        done = run(*command, stdout=subprocess.PIPE)
        assert "Traceback" not in done.stderr
        assert done.returncode in {0, 2}, command
    assert "state" in run("down", stdout=subprocess.PIPE).stderr


@pytest.mark.parametrize("target", ["a-file/history.parquet", "a-folder"])
def test_invalid_output_is_a_user_error_and_keeps_existing_files(tmp_path, target):
    (tmp_path / "a-file").write_text("kept")
    (tmp_path / "a-folder").mkdir()
    done = run("simulate", "--out", str(tmp_path / target), *SMALL_WORLD, stdout=subprocess.PIPE)
    assert done.returncode == 2, done.stderr
    assert "expected to use" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "a-file").read_text() == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-file", "a-folder"]


def test_full_disk_keeps_the_previous_file(tmp_path):
    target = tmp_path / "history.parquet"
    target.write_bytes(b"of before")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = run("simulate", "--out", str(target), *SMALL_WORLD, stdout=subprocess.PIPE, preexec_fn=limit)
    assert done.returncode == 1, done.stderr
    assert "Error:" in done.stderr
    assert "Traceback" not in done.stderr
    assert target.read_bytes() == b"of before"
    assert [path.name for path in tmp_path.iterdir()] == ["history.parquet"]


def test_folder_instead_of_a_file_is_a_user_error(tmp_path):
    for command in (
        ["train", "--history", str(tmp_path)],
        ["replay", str(tmp_path)],
        ["backfill", str(tmp_path), "--model", str(tmp_path), "--out", str(tmp_path / "out")],
        ["rules", "dry-run", str(tmp_path), "--on", str(tmp_path)],
        ["drift", "report", str(tmp_path), str(tmp_path), "--out", "page.html"],
        ["submit", "--model", __file__],
        ["model", "push", __file__],
        ["--config", str(tmp_path), "doctor"],
    ):
        done = CliRunner().invoke(cli.app, command)
        assert isinstance(done.exception, UserError | RuntimeFailure), (command, done.exception)


@pytest.mark.parametrize(
    "command",
    [
        ["rules", "snooze", "c", "--days", "nan"],
        ["monitor", "--horizon-days", "inf"],
        ["monitor", "--interval", "nan"],
        ["alerts", "tail", "--min-score", "nan"],
        ["metrics", "--horizon-days", "inf"],
        ["produce", "--rate", "inf"],
        ["model", "deploy", "x", "--wait", "inf"],
    ],
)
def test_infinite_number_is_refused(command):
    done = CliRunner().invoke(cli.app, command)
    assert isinstance(done.exception, UserError | SystemExit)
    assert "finite" in str(done.exception) or done.exit_code == 2


def test_text_that_is_not_utf8_is_refused():
    done = run("rules", "snooze", os.fsdecode(b"c-\xff"), "--days", "1", stdout=subprocess.PIPE)
    assert done.returncode == 2
    assert "expected UTF-8 as customer" in done.stderr
    assert "Traceback" not in done.stderr


INTERRUPTING_IMPORT = """
import os, sys
class Interrupt:
    def find_spec(self, name, *_):
        if name == "{module}":
            os.kill(os.getpid(), {number:d})
sys.meta_path.insert(0, Interrupt())
from fraudstream.__main__ import main
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("module", ["typer", "fraudstream.cli.data", "numpy.random"])
def test_command_interrupted_while_loading_ends_as_a_running_one(number, module):
    code = INTERRUPTING_IMPORT.format(module=module, number=number)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code, "simulate", "--out", "x.parquet", *SMALL_WORLD],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_the_installed_command_handles_interrupts_before_it_loads():
    (command,) = entry_points(group="console_scripts", name="fraudstream")
    assert command.value == "fraudstream.__main__:main"
