"""Files of list values."""

from datetime import UTC, datetime

import pytest

from fraudstream.rules.value_file import ValueFile
from schemas.rule_book import RuleError

END = datetime(2027, 1, 31, tzinfo=UTC)


def read(tmp_path, name, text, **columns):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return ValueFile.read(path, **columns)


def test_text_file_has_one_value_per_line(tmp_path):
    found = read(tmp_path, "stolen.txt", "\ufeffc-1\r\n\n c-2 \nNA\n")
    assert found.values == {"c-1": None, "c-2": None, "NA": None}


def test_csv_has_values_and_ends_in_columns(tmp_path):
    found = read(tmp_path, "stolen.csv", 'value,until\nc-1,2027-01-31\n"c,2",2027-01-31T01:00:00+01:00\nc-3,\n')
    assert found.values == {"c-1": END, "c,2": END, "c-3": None}


def test_csv_columns_may_have_any_names(tmp_path):
    found = read(tmp_path, "cards.csv", "card,end\nc-1,2027-01-31\n", column="card", until_column="end")
    assert found.values == {"c-1": END}


def test_last_of_two_equal_values_counts(tmp_path):
    found = read(tmp_path, "stolen.csv", "value,until\nc-1,2027-01-31\nc-1,\n")
    assert (found.values, found.repeated) == ({"c-1": None}, 1)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "values\nc-1\n", "expected a column value in .*, got values: did you mean values"),
        ("a.csv", "value,until\nc-1,soon\nc-2,31.1.2027\n", "line 2: expected an end like .*, got 'soon'; line 3: "),
        ("a.csv", "value,until\nc-1,0001-01-01T00:00:00+05:00\n", "line 2: expected an end"),
        ("a.csv", 'value\n""\n', "line 2: expected 1 to 256 bytes, got 0"),
        ("a.txt", "x" * 257, "line 1: expected 1 to 256 bytes, got 257"),
        ("a.txt", "\n", "expected values in"),
        ("a.csv", "value\n" + "x" * 200_000, "expected CSV in .*, got: field larger than field limit"),
        ("a.txt", b"\xff\xfe", "expected UTF-8"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_their_lines(tmp_path, name, text, message):
    with pytest.raises(RuleError, match=message):
        read(tmp_path, name, text)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(RuleError, match="expected a file of values at"):
        ValueFile.read(tmp_path / "none.txt")


def test_value_may_have_any_character_but_line_breaks(tmp_path):
    odd = "a\x85b\u2028c\x0bd"
    assert read(tmp_path, "a.txt", f"{odd}\r\nc-2\r\n").values == {odd: None, "c-2": None}
    assert read(tmp_path, "a.csv", f'value\n{odd}\n"c\n2"\n').values == {odd: None, "c\n2": None}
