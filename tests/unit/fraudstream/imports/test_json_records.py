"""Records in JSON as rows of texts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraudstream.imports.json_records import json_rows

COLUMNS = ("id", "card.country", "amount")


def texts(record: object, columns=COLUMNS) -> list[dict]:
    payload = record if isinstance(record, bytes) else json.dumps(record).encode()
    found = json_rows([payload], columns)
    assert not found.rejected.num_rows, found.rejected
    return found.columns.to_pylist()[0]


def refusal(payload: bytes | None) -> str:
    found = json_rows([payload], COLUMNS)
    assert not len(found.rows)
    (rejected,) = found.rejected.to_pylist()
    assert (rejected["row"], rejected["reason"]) == (0, "UNDECODABLE")
    return rejected["detail"]


def test_values_are_texts_also_of_objects_in_objects():
    record = {"id": "p-1", "card": {"country": "PT", "x": []}, "amount": 3, "other": [1]}
    assert texts(record) == {"id": "p-1", "card.country": "PT", "amount": "3"}


def test_field_with_a_dot_in_its_name_comes_before_an_object():
    assert texts({"card.country": "AT", "card": {"country": "PT"}})["card.country"] == "AT"


def test_fields_that_are_missing_or_null_are_null():
    for record in ({}, {"card": None}, {"card": "none"}, {"card": {"country": None}}):
        assert texts(record) == {"id": None, "card.country": None, "amount": None}


@pytest.mark.parametrize("literal", ["12.30", "98765432109876543210", "-0.0", "1E-3", "true", "false"])
def test_numbers_and_flags_have_the_characters_that_were_sent(literal):
    assert texts(f'{{"amount": {literal}}}'.encode())["amount"] == literal


def test_header_of_a_schema_registry_is_no_part_of_the_record():
    assert texts(b'\0\0\0\0\7{"id": "p-1"}')["id"] == "p-1"


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (None, "without a value"),
        (b"", "Expecting value"),
        (b"\0\0\0", "Expecting value"),
        (b'{"id": "p-1"', "delimiter"),
        (b'{"id": "\xff"}', "utf-8"),
        (b"[1]", "got a list"),
        (b"7", "got a text or a number"),
        (b"null", "got null"),
        (b'{"id": [1]}', "as id, got a list"),
        (b'{"card": {"country": {}}}', "as card.country, got an object"),
        (b'{"id": "\\ud800"}', "half a character"),
        (b'{"id":' * 100_000, "recursion"),
    ],
)
def test_record_that_is_no_row_says_what_was_expected(payload, words):
    assert words in refusal(payload)


def test_good_records_keep_their_numbers_between_bad_ones():
    found = json_rows([b"x", b'{"id": "a"}', None, b'{"id": "b"}'], COLUMNS)
    assert found.rows.tolist() == [1, 3]
    assert found.columns.column("id").to_pylist() == ["a", "b"]
    assert found.rejected["row"].to_pylist() == [0, 2]


@given(
    st.lists(
        st.binary() | st.recursive(st.none() | st.text(), lambda inner: st.dictionaries(st.text(), inner)), max_size=5
    )
)
def test_each_record_is_either_a_row_or_rejected(records):
    payloads = [record if isinstance(record, bytes) else json.dumps(record).encode() for record in records]
    found = json_rows(payloads, ("", "a", "a.b"))
    assert sorted([*found.rows.tolist(), *found.rejected["row"].to_pylist()]) == list(range(len(payloads)))
    assert found.columns.num_rows == len(found.rows)
