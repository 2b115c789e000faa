"""Former names of commands."""

import pytest
import typer
from typer.testing import CliRunner

from fraudstream.cli import bench
from fraudstream.cli.main import app
from fraudstream.settings.former_names import COMMANDS, WORDS
from fraudstream.system.failures import NotReady
from fraudstream.terminal import err

PROGRAM = typer.main.get_command(app)


pytestmark = pytest.mark.usefixtures("separate_state")


def run(*arguments: str):
    with err.capture() as warnings:
        done = CliRunner().invoke(app, arguments)
    return done, warnings.get()


@pytest.mark.parametrize(("former", "current"), COMMANDS.items())
def test_former_command_is_the_current_one_with_a_warning(former, current):
    was, warnings = run(*former.split(), "--help")
    now, silence = run(*current.split(), "--help")
    assert (was.exit_code, was.stdout) == (0, now.stdout)
    assert warnings == (
        f"Warning: `fraudstream {former}` is deprecated and will be removed in the next release. "
        f"Use `fraudstream {current}` instead\n"
    )
    assert not silence


@pytest.mark.parametrize("former", COMMANDS)
def test_former_command_is_not_listed(former):
    command = PROGRAM
    for name in former.split()[:-1]:
        command = command.commands[name]
    assert former.split()[-1] not in command.commands


def test_former_option_replays_with_the_current_one():
    done, warnings = run("dlq", "replay", "--mend-keys")
    assert isinstance(done.exception, NotReady)
    assert "`--mend-keys` of `fraudstream dlq replay` is deprecated" in warnings
    assert "Use `--rekey` instead" in warnings


def test_former_suite_runs_the_current_one(monkeypatch):
    lines = []
    monkeypatch.setattr(bench, "run_child", lambda line, cwd: lines.append((line, cwd)) or 0)
    _, warnings = run("bench", "peers")
    assert lines[0][0][-1] == "baselines"
    assert "Use `baselines` instead" in warnings


@pytest.mark.parametrize(("command", "words"), WORDS.items())
def test_former_options_of_a_command_are_not_in_its_help(command, words):
    text = run(*command.split(), "--help")[0].stdout
    assert not any(former in text for former in words)
    assert all(current in text for current in words.values())


def test_former_option_of_one_command_stays_unknown_to_others():
    done, _ = run("dlq", "ls", "--mend-keys")
    assert done.exit_code == 2


def test_former_name_of_a_feature_in_a_rule_file_works_with_a_warning(tmp_path):
    file = tmp_path / "rules.toml"
    file.write_text('[rules.large]\nwhen = "amount > 5 * mean_30d"\naction = "review"\n')
    _, warnings = run("rules", "dry-run", str(file), "--on", "none.parquet")
    assert "rule large: the feature mean_30d is now called amount_mean_30d" in warnings
