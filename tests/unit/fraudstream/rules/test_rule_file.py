"""Rule files."""

from datetime import UTC, datetime

import pytest

from fraudstream.rules.rule_file import RuleFile
from schemas.rule_book import ACTION_NAMES, ListEntry, Rule, RuleError, RuleList


def read(tmp_path, text):
    file = tmp_path / "rules.toml"
    file.write_text(text)
    return RuleFile.read(file)


def test_rules_and_lists_are_read_in_sequence(tmp_path):
    found = read(
        tmp_path,
        """
        [rules.night_owls]
        when = "is_night"
        action = "review"

        [rules.frozen]
        when = "merchant_id in @frozen"
        action = "Block"
        text = "This merchant is frozen"
        expires = 2026-12-31T08:00:00+01:00

        [lists]
        frozen = ["m1", {value = "m2", until = 2026-12-31}, {value = "m3", until = 2026-12-31T08:00:00}]
        """,
    )
    assert found.rules == (
        Rule(name="night_owls", when="is_night", action="REVIEW", text="night owls"),
        Rule(
            name="frozen", when="merchant_id in @frozen", action="BLOCK", text="This merchant is frozen",
            expires=datetime(2026, 12, 31, 7, tzinfo=UTC),
        ),
    )  # fmt: skip
    entries = (
        ListEntry(value="m1"),
        ListEntry(value="m2", until=datetime(2026, 12, 31, tzinfo=UTC)),
        ListEntry(value="m3", until=datetime(2026, 12, 31, 8, tzinfo=UTC)),
    )
    assert found.lists == (RuleList(name="frozen", entries=entries),)


def test_empty_file_is_a_book_without_rules(tmp_path):
    assert read(tmp_path, "") == RuleFile(rules=(), lists=())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules = 3", "expected tables [rules.NAME], got 3"),
        ("[rule.a]\nwhen = ''", "the file: expected rules, lists, got rule: did you mean rules?"),
        (
            "[rules.a]\nwhen = 'is_night'\naction = 'drop'",
            f"rule a: expected {ACTION_NAMES} as its action",
        ),
        ("[rules.a]\naction = 'review'", "rule a: expected a text as `when`, got None"),
        ("[rules.a]\nwhen = 'x'\naction = 'review'\nexpire = 3", "got expire: did you mean expires?"),
        (
            "[rules.a]\nwhen = 'x'\naction = 'review'\nexpires = '2026-01-01'",
            "expected a date or a time without quotes",
        ),
        ("[rules.a]\nwhen = 'x'\naction = 'review'\ntext = 3", "expected a text as `text`, got 3"),
        ("[rules]\na = 3", "expected a table [rules.a], got 3"),
        ("[lists]\na = 'm1'", "list a: expected an array of texts, got 'm1'"),
        ("[lists]\na = [3]", "list a: expected a text, or {value"),
        ("[lists]\na = [{value = 'm', til = 3}]", "expected value, until, got til: did you mean until?"),
        ("[rules", "expected TOML in"),
    ],
)
def test_mistake_is_reported_with_its_position(tmp_path, text, message):
    with pytest.raises(RuleError) as refused:
        read(tmp_path, text)
    assert message in str(refused.value)
    assert str(tmp_path / "rules.toml") in str(refused.value)


def test_missing_file_is_reported(tmp_path):
    with pytest.raises(RuleError, match=r"expected a file of rules at .*none.toml, got: No such file"):
        RuleFile.read(tmp_path / "none.toml")


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00"])
def test_time_beyond_utc_dates_is_refused_by_its_name(tmp_path, moment):
    file = tmp_path / "rules.toml"
    file.write_text(f'[rules.far]\nwhen = "amount > 1"\naction = "review"\nexpires = {moment}\n')
    with pytest.raises(RuleError, match="rule far: expected `expires` in the years 1 to 9999"):
        RuleFile.read(file)


def test_byte_order_mark_is_ignored(tmp_path):
    file = tmp_path / "rules.toml"
    file.write_bytes(b"\xef\xbb\xbf[lists]\nbad = ['m1']\n")
    assert RuleFile.read(file).lists[0].name == "bad"
