"""Commands `features` on declared aggregates."""

import json

import pytest
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from schemas.declaration.declaration import DeclarationError
from tests.unit.schemas.declaration.declarations import COLUMNS, written

FEATURE = """
[[features]]
name = "ip_cards_36h"
entity = "ip"
count_distinct = "customer_id"
window = "36h"
where = "not declined"
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = written(tmp_path, COLUMNS + FEATURE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FRAUDSTREAM_JOB__DECLARATION", str(path))
    return path


def output(*line: str) -> str:
    found = CliRunner().invoke(cli.app, list(line))
    assert found.exit_code == 0, found.output
    return found.output


def test_check_counts_the_features(file):
    assert json.loads(output("features", "check", str(file), "--json"))["features"] == 1


def test_check_reports_each_mistake_in_a_line(file):
    file.write_text(COLUMNS + FEATURE.replace("36h", "100d").replace("customer_id", "customer"))
    found = CliRunner().invoke(cli.app, ["features", "check", str(file)])
    assert isinstance(found.exception, DeclarationError)
    column, window = str(found.exception).splitlines()
    assert column.endswith("got customer, which is not declared: did you mean customer_id?")
    assert "expected a window" in window


@pytest.mark.usefixtures("file")
def test_ls_and_explain_show_a_declared_feature():
    listed = [json.loads(line) for line in output("features", "ls", "--json").splitlines()]
    assert listed[-1] == {
        "feature": "ip_cards_36h", "of": "count_distinct = customer_id", "unit": "count", "declared": True,
    }  # fmt: skip
    assert json.loads(output("features", "explain", "ip_cards_36h", "--json")) == {
        "feature": "ip_cards_36h", "of": "count_distinct = customer_id", "unit": "count", "by": "ip", "window": "36h",
        "where": "not declined",
    }  # fmt: skip
