"""Table of measurements."""

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import benchmarks
from benchmarks.__main__ import main
from benchmarks.measurements import MEASUREMENTS, find_measurement
from fraudstream.cli import bench
from fraudstream.cli import main as cli
from fraudstream.settings.former_names import WORDS
from fraudstream.system.folders import PROJECT_ROOT
from schemas.errors import UserError

SUITES = Path(benchmarks.__file__).parent / "suites"
QUICK = ("decoding", "list-entries", "drift-cost")
"""Measurements of about a second that train no model."""


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("measurement", MEASUREMENTS, ids=lambda row: row.name)
def test_options_of_a_row_are_those_of_its_suite_function(measurement):
    parameters = inspect.signature(measurement.suite).parameters
    assert set(parameters) == {"brief", *measurement.options}
    assert parameters["brief"].default is False
    assert all(isinstance(parameters[name].default, int | float | str) for name in measurement.options)


def test_each_suite_is_one_row():
    modules = {file.stem.replace("_", "-") for file in SUITES.glob("*.py")} - {"--init--"}
    assert sorted(modules) == sorted(row.name for row in MEASUREMENTS)


def test_list_names_every_measurement_with_its_results_file(capsys):
    main(["ls"])
    lines = capsys.readouterr().err
    for row in MEASUREMENTS:
        assert re.search(rf"^ *{row.name} .*{re.escape(row.measures)}.*{row.results}", lines, re.MULTILINE), row.name


@pytest.mark.parametrize("name", QUICK)
def test_brief_run_without_a_stack_writes_its_results(name, tmp_path, capsys):
    main([name, "--brief", "--results", str(tmp_path)])
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    written = json.loads((tmp_path / find_measurement(name).results).read_text())
    assert written["figures"] == figures != {}
    assert len(written["workload"]) > 60


def test_only_json_is_printed_with_the_option(tmp_path, capsys):
    main(["drift-cost", "--brief", "--json", "--results", str(tmp_path)])
    output = capsys.readouterr()
    assert json.loads(output.out)
    assert output.err == ""


def test_unknown_name_is_refused_with_the_closest_one():
    with pytest.raises(UserError, match=r"expected the name of a measurement, got 'poisson'\. Did you mean poison\?"):
        find_measurement("poisson")


@pytest.mark.parametrize(("former", "name"), WORDS["bench"].items())
def test_former_name_still_finds_its_measurement_with_a_warning(former, name, capsys):
    with pytest.raises(SystemExit):
        main([former, "--help"])
    output = capsys.readouterr()
    assert f"{former} is now called {name}" in output.err
    assert f"fraudstream bench {name}" in output.out


def test_command_passes_on_the_options_of_a_measurement(monkeypatch):
    lines = []
    monkeypatch.setattr(bench, "run_child", lambda line, cwd: lines.append((line[1:], cwd)) or 0)
    done = CliRunner().invoke(cli.app, ["bench", "poison", "--events", "500", "--brief"])
    assert done.exit_code == 0
    assert lines == [(["-m", "benchmarks", "poison", "--events", "500", "--brief"], PROJECT_ROOT)]


@pytest.mark.parametrize("command", [["bench"], ["chaos"], ["drift", "scorecard"]], ids=" ".join)
def test_commands_report_missing_benchmarks(command, monkeypatch, tmp_path):
    monkeypatch.setattr(bench, "PROJECT_ROOT", tmp_path)
    done = CliRunner().invoke(cli.app, command)
    assert isinstance(done.exception, UserError)
    assert str(done.exception).startswith("expected the benchmarks/ folder, found none")


def test_benchmarks_are_importable_from_another_folder(tmp_path):
    code = "from fraudstream.cli.bench import import_benchmarks; import_benchmarks(); import benchmarks.chaos.plan"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)  # noqa: S603
