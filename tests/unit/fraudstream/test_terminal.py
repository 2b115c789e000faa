"""Text from records can't control the terminal that shows it."""

from datetime import UTC, datetime

import pytest

from fraudstream import terminal as screen
from fraudstream.cli.alerts import line, reason_words

HOSTILE = "\x1b[2J[/bold][link=x]\x07\r\n\u202e"


@pytest.fixture
def shown(capsys):
    return lambda: capsys.readouterr().out


def test_table_and_line_show_hostile_text_as_it_is(shown):
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
def test_reason_says_what_it_has(reason, words):
    assert reason_words(reason, "EUR") == words
