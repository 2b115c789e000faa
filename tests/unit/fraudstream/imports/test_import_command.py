"""Command `import`."""

import json

import pytest
from typer.testing import CliRunner

from fraudstream.cli.main import app
from schemas.columns import read_history
from schemas.errors import UserError
from tests.cards import card_numbers
from tests.unit.fraudstream.imports.csv_files import FIRST, HEADER, SECOND, row, write

pytestmark = pytest.mark.usefixtures("separate_state")

LINES = (HEADER, FIRST, SECOND, *(row(number) for number in range(3, 50)))
KEY = "CARD_HASH_KEY"


def run(*arguments: object) -> str:
    """Run the command, and return what it writes."""
    result = CliRunner().invoke(app, ["import", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def refusal(*arguments: object) -> str:
    """Return the message of a command that is refused."""
    with pytest.raises(UserError) as error:
        run(*arguments)
    return str(error.value)


def test_file_is_imported_by_the_map_that_the_command_wrote(tmp_path):
    path = write(tmp_path, *LINES, row(50, amount="-1"))
    guessed = json.loads(run(path, "--json"))
    assert guessed == {
        "map": "payments.map.toml",
        "missing": ["transaction_type", "device_id", "latitude", "longitude"],
    }
    imported = json.loads(run(path, "--map", guessed["map"], "--out", "out", "--holdout-days", "1", "--json"))
    assert (imported["read"], imported["imported"], imported["rejected"]) == (50, 49, {"INVALID_AMOUNT": 1})
    assert len(read_history(tmp_path / "out" / "transactions.parquet")) == 49
    assert len(read_history(tmp_path / "out" / "history.parquet")) == 1


def test_summary_has_rows_reasons_period_customers_and_fraud_rate(tmp_path):
    path = write(tmp_path, *LINES, row(50, amount="-1"))
    run(path)
    text = " ".join(run(path, "--map", "payments.map.toml").split())
    assert "imported 49 of 50 rows, of 1 customers, from 2026-01-01T09:30:00.250+00:00" in text
    assert "1 frauds (2.04%)" in text
    assert "INVALID_AMOUNT 1 row 50" in text


def test_existing_map_is_not_overwritten(tmp_path):
    path = write(tmp_path, *LINES)
    run(path)
    assert "expected no file at payments.map.toml, got one. Import with --map" in refusal(path)
    assert "expected no file at payments.map.toml" in refusal(path, "--guess", "--map", "payments.map.toml")


@pytest.mark.parametrize(("key", "got"), [(None, "got none"), ("short", "got 5 bytes")])
def test_hashed_column_needs_a_key_in_the_environment(tmp_path, monkeypatch, key, got):
    monkeypatch.delenv(KEY, raising=False)
    if key:
        monkeypatch.setenv(KEY, key)
    path = write(tmp_path, HEADER, *(row(number, card=card) for number, card in enumerate(card_numbers(50))))
    run(path)
    text = refusal(path, "--map", "payments.map.toml")
    assert f"expected a key of at least 16 bytes in the environment variable {KEY}, {got}" in text
    monkeypatch.setenv(KEY, "k" * 16)
    assert "imported 50 of 50 rows" in run(path, "--map", "payments.map.toml")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "expected a map at map.toml, got: No such file or directory"),
        ("[file", "expected TOML in map.toml, got: "),
        ('[file]\nseparator = ";;"', "map.toml: expected a map, got 9 problems:"),
    ],
)
def test_map_with_mistakes_is_refused(tmp_path, content, problem):
    path = write(tmp_path, *LINES)
    if content is not None:
        (tmp_path / "map.toml").write_text(content)
    assert problem in refusal(path, "--map", "map.toml")


def test_local_times_are_in_the_time_zone_of_the_option(tmp_path):
    path = write(tmp_path, HEADER, *(row(number, paid_at="2026-01-01 09:30") for number in range(50)))
    run(path)
    text = (tmp_path / "payments.map.toml").read_text()
    (tmp_path / "payments.map.toml").write_text("\n".join(line for line in text.splitlines() if "timezone" not in line))
    run(path, "--map", "payments.map.toml", "--timezone", "Europe/Berlin")
    first = read_history(tmp_path / "imported" / "transactions.parquet")["event_time"][0].as_py()
    assert first.isoformat() == "2026-01-01T08:30:00+00:00"
