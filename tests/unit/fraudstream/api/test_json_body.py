"""Ambiguous and invalid JSON bodies are refused with a reason, never with status 500."""

import json

import pytest
from fastapi.routing import APIRoute

from fraudstream.api import feature_routes, health_routes, score_routes
from fraudstream.api.json_body import MAX_DEPTH, BodyError, JsonRoute, parse_json
from fraudstream.api.transaction import EXAMPLE
from tests.unit.fraudstream.api.problem_documents import is_problem

WHOLE = json.dumps(EXAMPLE)
JSON = {"Content-Type": "application/json"}
REFUSED = {
    "name twice": (WHOLE[:-1] + ', "amount_minor": 1}', 422, "'amount_minor' twice"),
    "name twice by an escape": (r'{"days": 1, "d\u0061ys": 2}', 422, "'days' twice"),
    "name twice inside": ('{"a": [{"b": 1, "b": 1}]}', 422, "'b' twice"),
    "surrogate twice": (r'{"\ud800": 1, "\ud800": 2}', 422, r"'\ud800' twice"),
    "NaN": (WHOLE.replace("52.52", "NaN"), 422, "NaN"),
    "infinity": (WHOLE.replace("52.52", "-Infinity"), 422, "-Infinity"),
    "overflow": (WHOLE.replace("52.52", "1e999"), 422, "'1e999'"),
    "integer of 5,000 digits": (WHOLE.replace("1458", "9" * 5_000), 422, "one of 5,000"),
    "negative integer of 4,000 digits": (WHOLE.replace("1458", "-" + "9" * 4_000), 422, "one of 4,001"),
    "fraction of 5,000 digits": (WHOLE.replace("52.52", "1." + "9" * 5_000), 422, "one of 5,002"),
    "arrays beyond the stack": ("[" * 8_000 + "]" * 8_000, 422, "more"),
    "objects beyond the stack": ('{"a":' * 2_500 + "1" + "}" * 2_500, 422, "more"),
    "arrays below the stack": ("[" * 700 + "]" * 700, 422, "more"),
    "arrays in a field": (WHOLE.replace('"EUR"', "[" * 400 + "]" * 400), 422, "more"),
    "unclosed arrays": ("[" * 8_000, 422, None),
    "lone surrogate in a value": (WHOLE.replace("EUR", r"\ud800"), 422, r"half a surrogate pair, \ud800"),
    "lone surrogate in a name": (r'{"\udfff": 1}', 422, r"half a surrogate pair, \udfff"),
    "surrogates in the wrong order": (r'["\udc00\ud800"]', 422, r"half a surrogate pair, \udc00"),
    "invalid UTF-8": (b'{"currency": "\xff"}', 400, "byte 0xff at position 14"),
    "UTF-8 of a surrogate": (b'{"currency": "\xed\xa0\x80"}', 400, "byte 0xed at position 14"),
    "UTF-16": (WHOLE.encode("utf-16"), 400, "byte 0xff at position 0"),
    "UTF-16 without a mark": (WHOLE.encode("utf-16-le"), 422, None),
    "array": ("[]", 422, "[]"),
    "text": ('"a"', 422, "'a'"),
    "number": ("1", 422, "1"),
    "null": ("null", 422, None),
    "nothing": ("", 422, "nothing"),
    "space": (" ", 422, None),
    "two objects": (WHOLE + WHOLE, 422, None),
    "raw control character": ('{"currency": "\n"}', 422, None),
    "long unknown name": ('{"%s": 1}' % ("n" * 10_000), 422, None),
}


@pytest.mark.parametrize(("body", "status", "was"), REFUSED.values(), ids=REFUSED)
def test_body_that_is_no_plain_json_object_is_refused_with_a_reason(client_of, body, status, was):
    content = body if isinstance(body, bytes) else body.encode()
    problem = is_problem(client_of().post("/v1/score", content=content, headers=JSON), status)
    assert "\n" not in problem["detail"]
    assert len(problem["detail"]) < 1_000
    if was is not None:
        assert problem["was"] == was


def test_whole_characters_and_plain_numbers_are_read():
    body = r'{"a": "\ud83d\ude00 ü", "b": [1, -2.5e3, true, null], "c": {}}'
    assert parse_json(b"\xef\xbb\xbf" + body.encode()) == {"a": "😀 ü", "b": [1, -2500.0, True, None], "c": {}}


def test_only_nesting_is_bounded():
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert len(parse_json(b"[" + b",".join([b"[]"] * 1_000) + b"]")) == 1_000
    with pytest.raises(BodyError):
        parse_json(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))


def test_every_route_with_a_body_reads_it_strictly():
    routes = [route for each in (score_routes, feature_routes, health_routes) for route in each.router.routes]
    routes = [route for route in routes if isinstance(route, APIRoute) and route.body_field]
    assert routes
    assert all(isinstance(route, JsonRoute) for route in routes)
