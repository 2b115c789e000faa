"""Accepted requests, and the data that pages receive."""

import re
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, KafkaException

from fraudstream.api.json_body import JsonRoute
from fraudstream.console import alert_routes
from fraudstream.console.alert_routes import HEADER, Review
from fraudstream.console.application import PAGE
from fraudstream.system.failures import NotReady, RuntimeFailure
from tests.unit.fraudstream.console.records import HOSTILE, alert, label_of

TOKEN = "a-token-of-the-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
SAME_ORIGIN = {HEADER: "1"}
DATA = ("alerts", "alerts/a000", "alerts/a000/history", "stream", "figures", "drifts", "dead-letters", "job", "models")


@pytest.mark.parametrize("path", DATA)
def test_data_needs_a_token(client_of, path):
    answer = client_of(tokens=TOKEN).get(f"/data/{path}")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_page_itself_needs_no_token_and_has_no_data(client_of):
    client = client_of(tokens=TOKEN)
    page = client.get("/")
    assert page.status_code == 200
    assert "a000" not in page.text
    assert client.get("/data/alerts", headers=BEARER).json()["count"] == 3


@pytest.mark.parametrize("path", DATA)
def test_request_under_another_host_name_is_refused(client_of, path):
    answer = client_of("http://rebound.example").get(f"/data/{path}")
    assert (answer.status_code, answer.json()["was"]) == (421, "rebound.example")


def test_console_beyond_loopback_needs_tokens(client_of):
    with pytest.raises(Exception, match="FRAUDSTREAM_CONSOLE__TOKENS"):
        client_of(host="0.0.0.0")  # noqa: S104


def test_cross_site_review_is_refused(client):
    for headers in ({}, {"Content-Type": "text/plain"}):
        answer = client.post("/data/alerts/a000/review", content='{"label": "fraud"}', headers=headers)
        assert answer.status_code == 403, answer.text
        assert HEADER in answer.json()["expected"]


@pytest.mark.parametrize("body", [{}, {"label": "maybe"}, {"label": True}, {"label": "fraud", "more": 1}])
def test_review_is_fraud_or_genuine(client, body):
    answer = client.post("/data/alerts/a000/review", json=body, headers=SAME_ORIGIN)
    assert answer.status_code == 422


@pytest.mark.parametrize("body", [{}, {"days": 0}, {"days": 91}, {"days": "7"}, {"days": 7, "customer_id": "another"}])
def test_snooze_needs_a_number_of_days(client, body):
    assert client.post("/data/alerts/a000/snooze", json=body, headers=SAME_ORIGIN).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        b'{"days": 7, "days": 7}',
        b'{"days": NaN}',
        b'{"days": %s}' % (b"9" * 5_000),
        b'{"days": %s}' % (b"[" * 6_000),
        rb'{"\ud800": 7}',
        b'{"days": "\xff"}',
        b"[7]",
        b"",
    ],
)
@pytest.mark.parametrize("path", ["snooze", "review"])
def test_a_body_that_is_no_plain_json_object_is_refused_with_a_reason(client, path, body):
    headers = SAME_ORIGIN | {"Content-Type": "application/json"}
    answer = client.post(f"/data/alerts/a000/{path}", content=body, headers=headers)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["detail"].startswith("expected ")


def test_every_route_with_a_body_reads_it_strictly():
    routes = [route for route in alert_routes.router.routes if route.body_field]
    assert len(routes) == 2
    assert all(isinstance(route, JsonRoute) for route in routes)


def test_cross_site_snooze_is_refused(client):
    answer = client.post("/data/alerts/a000/snooze", content='{"days": 7}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 403


def test_dropped_alert_is_not_found(client):
    bodies = {"x/review": {"label": "fraud"}, "x/snooze": {"days": 7}}
    for method, path in (("GET", "x"), ("GET", "x/history"), *(("POST", path) for path in bodies)):
        answer = client.request(method, f"/data/alerts/{path}", headers=SAME_ORIGIN, json=bodies.get(path))
        assert answer.status_code == 404, answer.text
        assert "explain" in answer.json()["what_to_do"]


@pytest.mark.parametrize("query", ["state=x", "decision=APPROVE", "min_score=2", "sort=x", "limit=0", "limit=501"])
def test_invalid_query_is_refused(client, query):
    assert client.get(f"/data/alerts?{query}").status_code == 422


def test_list_is_filtered_and_sorted(client):
    answer = client.get("/data/alerts?sort=amount&decision=REVIEW&limit=1").json()
    assert ([row["alert_id"] for row in answer["rows"]], answer["count"], answer["kept"]) == (["a002"], 2, 3)


def test_alert_is_shown_in_full_with_its_label(client):
    client.app.state.context.notebook.add_labels([label_of(alert(1), is_fraud=True)])
    answer = client.get("/data/alerts/a001").json()
    assert answer["label"] == {"is_fraud": True, "label_time": "2026-03-02T12:01:01Z"}
    assert answer["features"] == {"amount": 1.0, "since_last_s": None}
    assert answer["reasons"][0]["contribution"] == 0.5


def test_answers_are_not_cached_and_pages_run_only_same_origin_scripts(client):
    answer = client.get("/data/alerts/a000")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["merchant_id"] == HOSTILE
    for path in ("/", "/page/console.js", "/data/alerts/a000", "/data/alerts/x"):
        headers = client.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_page_loads_only_existing_files_of_this_server(client):
    files = [*PAGE.glob("*.js"), *PAGE.glob("*.css"), PAGE / "index.html"]
    named = set()
    for file in files:
        text = file.read_text()
        assert not re.search(r"""["'(]https?://(?!www\.w3\.org/2000/svg)""", text), file
        named.update(re.findall(r'(?:src|href)="(/page/[^"]+)"', text))
        named.update(f"/page/{name}" for name in re.findall(r'from "\./([^"]+)"', text))
    assert {"/page/console.js", "/page/console.css", "/page/alerts.js"} <= named
    for name in named:
        assert client.get(name).status_code == 200, name


@pytest.mark.parametrize("file", sorted(PAGE.glob("*.js")), ids=lambda file: file.name)
def test_no_script_turns_text_into_html_or_code(file):
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc|javascript:"
    assert not re.search(ways, file.read_text())


def test_no_file_outside_the_folder_is_served(client):
    for path in ("/page/../application.py", "/page/%2e%2e/application.py", "/page/..%2fapplication.py"):
        assert client.get(path).status_code == 404


def test_pages_beyond_the_limit_are_refused(client_of):
    client = client_of(max_streams=1)
    client.app.state.context.notebook.feed._queues.add(object())
    answer = client.get("/data/stream")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KafkaException(KafkaError(KafkaError._ALL_BROKERS_DOWN, "all brokers are down")), "brokers"),
        (NotReady("expected Flink's answer"), "expected Flink's answer"),
        (RuntimeFailure("nothing came for 20 s"), "nothing came"),
    ],
    ids=["broker", "cluster", "reader"],
)
def test_unavailable_service_is_503_with_its_name(client, error, words):
    def fail():
        raise error

    client.app.state.context.models = SimpleNamespace(get=fail)
    answer = client.get("/data/models")
    assert (answer.status_code, words in answer.json()["was"]) == (503, True)
    assert answer.headers["Retry-After"]


def test_review_is_accepted_under_the_former_name_of_its_field():
    assert Review.model_validate({"verdict": "fraud"}) == Review(label="fraud")
