"""Accepted requests, and the wording of rejections."""

import pytest

from fraudstream.api.transaction import EXAMPLE
from tests.unit.fraudstream.api.problem_documents import is_problem

TOKEN, OTHER = "a-token-of-the-tests", "another-token-of-them"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def client(client_of):
    return client_of(tokens=f"{OTHER},{TOKEN}")


@pytest.mark.parametrize(
    ("headers", "was"),
    [({}, "none"), ({"Authorization": "Bearer no"}, "another one"), ({"Authorization": f"Basic {TOKEN}"}, "none")],
)
def test_every_route_refuses_requests_without_a_token(client, headers, was):
    for method, path in (("POST", "/v1/score"), ("GET", "/v1/scores/t"), ("GET", "/metrics")):
        answer = client.request(method, path, headers=headers, json=EXAMPLE if method == "POST" else None)
        assert is_problem(answer, 401)["was"] == was
        assert answer.headers["www-authenticate"] == "Bearer"


def test_each_token_is_accepted(client):
    for token in (TOKEN, OTHER):
        assert client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_no_token_is_shown(client):
    answer = client.post("/v1/score", headers={"Authorization": "Bearer secret-of-mine"}, json=EXAMPLE)
    assert "secret-of-mine" not in answer.text
    assert TOKEN not in client.get("/metrics", headers=BEARER).text
    assert TOKEN not in repr(client.app.state.settings)


def test_health_needs_no_token(client):
    assert client.get("/healthz").json() == {"status": "ok"}


def test_without_tokens_only_loopback_names_are_accepted(client_of):
    assert client_of().get("/metrics").status_code == 200
    assert client_of("http://localhost:8000").get("/metrics").status_code == 200
    assert is_problem(client_of("http://rebound.example").get("/metrics"), 421)["was"] == "rebound.example"


NOT_A_NUMBER = "a time in RFC 3339, for example 2026-11-25T09:30:00.250Z, not seconds or milliseconds"


@pytest.mark.parametrize(
    ("change", "pointer", "expected"),
    [
        ({"amount_minor": -1}, "/amount_minor", "greater than or equal to 0"),
        ({"amount_minor": 1.5}, "/amount_minor", "a valid integer"),
        ({"event_time": "1795599000"}, "/event_time", NOT_A_NUMBER),
        ({"event_time": "1795599000250"}, "/event_time", NOT_A_NUMBER),
        ({"event_time": "20261125"}, "/event_time", NOT_A_NUMBER),
        ({"event_time": " 1.7955e9 "}, "/event_time", NOT_A_NUMBER),
        ({"event_time": "1999-12-31T23:59:59Z"}, "/event_time", "a time from 2000 on"),
        ({"event_time": 1_795_599_000}, "/event_time", "a time as text, for example 2026-11-25T09:30:00.250Z"),
        ({"event_time": "2026-11-25T09:30:00"}, "/event_time", "a time with its offset, as Z or +01:00"),
        ({"event_time": "2999-01-01T00:00:00Z"}, "/event_time", "a time up to 1 day, 0:00:00 ahead"),
        ({"longitude": None}, "", "both latitude and longitude, or neither"),
        ({"card": 1}, "/card", "a known name"),
        ({"currency": "ä" * 200}, "/currency", "a text of at most 256 bytes in UTF-8"),
        ({"customer_id": "\ufeffc"}, "/customer_id", "an id without U+FFFD that begins with no byte order mark"),
    ],
)
def test_invalid_field_is_named_with_the_expected_value(client, change, pointer, expected):
    (error,) = is_problem(client.post("/v1/score", headers=BEARER, json=EXAMPLE | change), 422)["errors"]
    assert (error["pointer"], error["expected"]) == (pointer, expected)


def test_all_invalid_fields_are_reported_at_once(client):
    body = {name: value for name, value in EXAMPLE.items() if name != "merchant_id"} | {"currency": 7}
    errors = is_problem(client.post("/v1/score", headers=BEARER, json=body), 422)["errors"]
    assert {(e["pointer"], e["was"]) for e in errors} == {("/merchant_id", "nothing"), ("/currency", "7")}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"a"', b'{"transaction_id": "\\ud800"}'])
def test_body_that_is_no_transaction_is_refused(client, body):
    answer = client.post("/v1/score", headers=BEARER | {"Content-Type": "application/json"}, content=body)
    assert is_problem(answer, 422)["errors"]


def test_body_that_is_no_text_is_refused(client):
    answer = client.post("/v1/score", headers=BEARER | {"Content-Type": "application/json"}, content=b"\xff")
    assert is_problem(answer, 400)["expected"] == "a JSON object in UTF-8"


def test_deadline_is_bounded(client):
    for deadline_ms in ("0", "10001", "soon"):
        answer = client.post("/v1/score", headers=BEARER | {"X-Deadline-Ms": deadline_ms}, json=EXAMPLE)
        assert is_problem(answer, 422)["errors"][0]["pointer"] == "X-Deadline-Ms"


def test_large_body_is_refused_with_and_without_a_content_length(client_of):
    client = client_of(max_body_bytes=1000)
    large = b" " * 1001
    assert is_problem(client.post("/v1/score", content=large), 413)["was"] == "1,001"
    assert is_problem(client.post("/v1/score", content=iter([large[:600], large[600:]])), 413)["was"] == "more"


def test_only_the_client_beyond_its_rate_limit_waits(client_of):
    client = client_of(tokens=f"{TOKEN},{OTHER}", rate_limit="2/hour")
    assert [client.get("/metrics", headers=BEARER).status_code for _ in range(3)] == [200, 200, 429]
    refused = client.get("/metrics", headers=BEARER)
    assert is_problem(refused, 429)
    assert refused.headers["retry-after"] == "3600"
    assert client.get("/metrics", headers={"Authorization": f"Bearer {OTHER}"}).status_code == 200


def test_other_paths_and_methods_are_problems_too(client):
    assert is_problem(client.get("/v2"), 404)["was"] == "GET /v2"
    assert client.put("/v1/score").headers["allow"] == "POST"
    is_problem(client.put("/v1/score"), 405)


def test_requests_are_counted_by_route_never_by_path(client):
    client.get("/v1/scores/some-id")
    client.get("/no-such-path")
    text = client.get("/metrics", headers=BEARER).text
    assert 'fraud_api_requests_total{route="/v1/scores/{transaction_id:path}",status="401"} 1.0' in text
    assert 'fraud_api_requests_total{route="none",status="404"} 1.0' in text
    assert "some-id" not in text
    assert "no-such-path" not in text


def test_openapi_document_has_examples_and_every_refusal(client):
    document = client.get("/openapi.json").json()
    score = document["paths"]["/v1/score"]["post"]
    assert set(score["responses"]) == {"200", "202", "401", "409", "413", "422", "429", "503"}
    for status in ("200", "202"):
        assert score["responses"][status]["content"]["application/json"]["example"]["transaction_id"]
    for status in ("401", "409", "413", "422", "429", "503"):
        assert set(score["responses"][status]["content"]) == {"application/problem+json"}
    assert document["components"]["schemas"]["Transaction"]["examples"] == [EXAMPLE]
    assert score["security"] == [{"HTTPBearer": []}]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("amount_minor=-1", "amount_minor"), ("latitude=1", "query"), ("card=1", "card"), ("merchant_id=", "merchant_id")],
)
def test_feature_query_is_validated_like_a_transaction(client, query, pointer):
    answer = client.get(f"/v1/customers/c/features?{query}", headers=BEARER)
    assert [error["pointer"] for error in is_problem(answer, 422)["errors"]] == [pointer]


def test_features_need_a_token(client):
    is_problem(client.get("/v1/customers/c/features"), 401)


def test_content_length_of_thousands_of_digits_is_refused_as_too_large(client_of):
    found = client_of().post("/v1/score", content=b"{}", headers={"Content-Length": "9" * 5_000})
    assert is_problem(found, 413)["was"] == "a number of 5,000 digits"
