"""Grammar of rule conditions."""

import pytest

from models.rules import expression as ex
from models.rules.language import MAX_CHARACTERS, MAX_LEVELS, read_condition, words_in
from schemas.rule_book import RuleError

A, B = ex.Name("amount", 1), ex.Name("is_night", 0)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("amount > 3", ex.Compare(">", A, ex.Number(3.0))),
        ("amount >= -2.5e1", ex.Compare(">=", A, ex.Number(-25.0))),
        ("amount - 1 > 2", ex.Compare(">", ex.Arithmetic(A, (("-", ex.Number(1.0)),)), ex.Number(2.0))),
        ("amount*2 > 2", ex.Compare(">", ex.Arithmetic(A, (("*", ex.Number(2.0)),)), ex.Number(2.0))),
        ("currency == 'EUR'", ex.Compare("==", ex.Name("currency", 1), ex.Text("EUR"))),
        (r'currency == "a\"\\b"', ex.Compare("==", ex.Name("currency", 1), ex.Text('a"\\b'))),
        ("merchant_id in @risky", ex.Among(ex.Name("merchant_id", 1), "risky", negated=False)),
        ('currency not in ["EUR", "USD"]', ex.Among(ex.Name("currency", 1), ("EUR", "USD"), negated=True)),
        ("missing(device_id)", ex.Missing(ex.Name("device_id", 9))),
        ("is_night", ex.Name("is_night", 1)),
        ("not is_night", ex.Not(ex.Name("is_night", 5))),
        ("is_night  # a remark", ex.Name("is_night", 1)),
    ],
)
def test_condition_is_read(text, read):
    assert read_condition(text) == read


def test_not_binds_closer_than_and_which_binds_closer_than_or():
    read = read_condition("new_device or not is_night and is_weekend")
    assert read == ex.Joined(
        "or", (ex.Name("new_device", 1), ex.Joined("and", (ex.Not(ex.Name("is_night", 19)), ex.Name("is_weekend", 32))))
    )


def test_products_bind_closer_than_sums_and_chains_are_left_associative():
    read = read_condition("amount - 1 - 2 * 3 > 0")
    assert read == ex.Compare(
        ">",
        ex.Arithmetic(A, (("-", ex.Number(1.0)), ("-", ex.Arithmetic(ex.Number(2.0), (("*", ex.Number(3.0)),))))),
        ex.Number(0.0),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("amount >", "expected a value at character 9, got the end"),
        ("amount = 3", "at character 8, got '= 3'. Write == to compare"),
        ("amount > 3 4", "got '4'"),
        ("1 < amount < 3", "got '< 3'"),
        ("merchant_id in risky", "expected @list, [ at character 16, got 'risky'"),
        ("(amount > 3", "expected ) at character 12, got the end"),
        ("", "at character 1, got the end"),
        ("currency == 'EUR", 'got "\'EUR"'),
        ("__import__('os')", 'got "__import__(\'"'),
        ("amount.real > 1", "got '.real > 1'"),
        ("lambda: 1", "got ': 1'"),
    ],
)
def test_syntax_error_is_refused_with_its_position(text, message):
    with pytest.raises(RuleError, match=r"expected") as refused:
        read_condition(text)
    assert message in str(refused.value)


def test_condition_that_is_too_long_or_too_deep_is_refused():
    with pytest.raises(RuleError, match=f"at most {MAX_CHARACTERS:,} characters"):
        read_condition("is_night or " * 100 + "is_night")
    with pytest.raises(RuleError, match=f"at most {MAX_LEVELS} levels"):
        read_condition("not " * MAX_LEVELS + "is_night")
    assert read_condition("not " * (MAX_LEVELS - 1) + "is_night")
    assert read_condition("(" * 400 + "is_night" + ")" * 400) == ex.Name("is_night", 401)


def test_words_of_a_condition_are_neither_of_texts_nor_of_lists_nor_of_remarks():
    text = "mean_7d > 5 # sum_7d\nand merchant_id in @max_7d and currency in ['z_1h', \"z_7d\"]"
    assert words_in(text) == {"mean_7d", "and", "merchant_id", "in", "currency"}
