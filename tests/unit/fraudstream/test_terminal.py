"""Text from records can't control the terminal that shows it."""

import ast
from datetime import UTC, datetime

import pytest
from rich.text import Text

from fraudstream import terminal as screen
from fraudstream.cli.alerts import line, reason_words
from fraudstream.system.folders import PROJECT_ROOT

HOSTILE = "\x1b[2J[/bold][link=x]\x07\r\n\u202e"


@pytest.fixture
def shown(capsys):
    return lambda: capsys.readouterr().out


def test_table_and_line_escape_hostile_text(shown):
    screen.write_table(("key",), [(HOSTILE,)])
    screen.write_line(HOSTILE)
    text = shown()
    assert text.count("\\x1b[2J[/bold][link=x]\\x07\\r\\n\\u202e") == 2
    assert "\x1b[2J" not in text


def test_alert_of_a_hostile_customer_is_one_line(shown):
    alert = {
        "decision": "BLOCK", "reasons": [], "amount_minor": 5, "currency": HOSTILE, "score": 0.9,
        "event_time": datetime(2026, 1, 1, tzinfo=UTC), "customer_id": HOSTILE, "merchant_id": "m",
    }  # fmt: skip
    screen.out.print(line(alert), soft_wrap=True)
    text = shown()
    assert "[/bold][link=x]" in text
    assert len(text.splitlines()) == 1


AMOUNT = {"feature": "amount", "value": 1000.0, "usual": 10.0}


def test_reason_of_hostile_records_is_printable(shown):
    screen.out.print(reason_words({**AMOUNT, "feature": HOSTILE, "code": HOSTILE, "contribution": None}, HOSTILE))
    assert "\x1b[2J" not in shown()


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ({**AMOUNT, "code": "AMOUNT", "contribution": 1.5}, "Amount is 1,000.00 EUR (usually 10.00 EUR), strong"),
        ({**AMOUNT, "code": "AMOUNT", "usual": None, "contribution": None}, "Amount is 1,000.00 EUR"),
        ({**AMOUNT, "code": "", "contribution": None}, "Amount is 1,000.00 EUR (usually 10.00 EUR)"),
        ({**AMOUNT, "code": "rule:r", "feature": "", "usual": None, "contribution": None}, "rule:r"),
    ],
    ids=["by contribution", "without a usual value", "of an earlier version", "of a rule on texts"],
)
def test_reason_shows_its_fields(reason, words):
    assert reason_words(reason, "EUR") == words


PARTS = ("first line", screen.Rows(("key", "value"), [("a", 1)]), Text("styled", "green"))


def test_result_is_shown_as_lines_and_tables(shown):
    screen.show({"a": 1}, *PARTS, as_json=False)
    assert [line.split() for line in shown().splitlines()] == [
        ["first", "line"],
        ["key", "value"],
        ["a", "1"],
        ["styled"],
    ]


def test_result_as_json_is_the_only_line(shown):
    screen.show({"a": 1}, *PARTS, as_json=True)
    assert shown() == '{"a":1}\n'


def test_json_is_the_last_line_where_a_command_always_writes_it(shown):
    screen.show({"a": 1}, *PARTS, as_json=False, json_last=True)
    assert shown().splitlines()[-1] == '{"a":1}'
    screen.show({"a": 1}, *PARTS, as_json=True, json_last=True)
    assert shown() == '{"a":1}\n'


def test_line_is_not_parsed_as_markup_and_its_escapes_are_shown(shown):
    screen.show(None, HOSTILE, as_json=False)
    assert "[/bold][link=x]" in shown()


@pytest.mark.parametrize(
    "module", sorted((PROJECT_ROOT / "fraudstream" / "cli").glob("*.py")), ids=lambda path: path.stem
)
def test_command_writes_its_result_through_show(module):
    """`write_json` and `write_table` are parts of the renderer, not of commands."""
    tree = ast.parse(module.read_text())
    names = {name.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for name in node.names}
    assert not names & {"write_json", "write_table"}
