"""Requests to the SageMaker application: content types, equal scores, errors."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from fraudstream.serving.feature_source import FeatureSource, feature_source
from fraudstream.serving.instance_scorer import InstanceScorer
from fraudstream.serving.sagemaker_application import create_application
from fraudstream.settings.serving_settings import ServingSettings
from models.features.table import FORMER_FEATURES
from tests.patience import PATIENCE_S
from tests.served_items import features_api, scored_items
from tests.unit.training.histories import artifact_folder, former_table_folder, other_folder

JSON, LINES, CSV = ("application/json", "application/jsonlines", "text/csv")


def client_of(source: FeatureSource | None = None, folder=None, **settings: Any) -> TestClient:
    own = ServingSettings(**{"features_timeout_s": PATIENCE_S, **settings})
    scorer = InstanceScorer.load(folder or artifact_folder(), source or feature_source(own))
    return TestClient(create_application(scorer, own), raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client() -> TestClient:
    return client_of()


def post(client: TestClient, body: Any, kind: str = JSON, **headers: str):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/invocations", content=content, headers={"Content-Type": kind, **headers})


def lines(items: list[Any]) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


def test_ping_answers_that_the_model_is_loaded(client):
    assert client.get("/ping").status_code == 200


def test_batch_transform_learns_its_parameters(client):
    parameters = client.get("/execution-parameters").json()
    assert parameters.keys() == {"MaxConcurrentTransforms", "BatchStrategy", "MaxPayloadInMB"}


def test_scores_of_each_content_type_are_those_of_the_job(client):
    items = scored_items()
    expected = [(item.score, item.decision) for item in items]
    assert {"APPROVE", "BLOCK"} <= {decision for _, decision in expected}
    by_name = post(client, {"instances": [{"features": item.features} for item in items]}).json()["predictions"]
    by_array = post(client, lines([{"features": item.row} for item in items]), LINES).text.splitlines()
    in_csv = post(client, "\n".join(",".join(map(repr, item.row)) for item in items).encode(), CSV).text.splitlines()
    assert [(found["score"], found["decision"]) for found in by_name] == expected
    assert [(found["score"], found["decision"]) for found in map(json.loads, by_array)] == expected
    assert [(float(cells[0]), cells[1]) for cells in (line.split(",") for line in in_csv)] == expected


def test_alerts_have_reasons_and_the_ids_of_the_request(client):
    alert = max(scored_items(), key=lambda item: item.score)
    (found,) = post(client, {"instances": [{**alert.transaction, "features": alert.features}]}).json()["predictions"]
    assert found["transaction_id"] == alert.transaction["transaction_id"]
    assert found["customer_id"] == alert.transaction["customer_id"]
    assert found["reasons"][0]["summary"]
    (without,) = post(client, {"instances": [{"features": alert.features}]}).json()["predictions"]
    assert "transaction_id" not in without
    assert [reason["code"] for reason in without["reasons"]] == [reason["code"] for reason in found["reasons"]]


def test_answer_has_the_accepted_type(client):
    item = {"features": scored_items()[0].row}
    answer = post(client, lines([item]), LINES, Accept="application/json")
    assert answer.headers["content-type"] == JSON
    assert len(answer.json()["predictions"]) == 1
    assert post(client, item, JSON, Accept="*/*").json()["predictions"][0]["decision"]
    assert post(client, item, JSON, Accept="image/png").status_code == 406
    assert post(client, item, "application/x-recordio-protobuf").status_code == 415


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"", ""),
        (b"{", ""),
        ({"instances": 3}, "/instances"),
        ({"instances": [3]}, "/instances/0"),
        ({"instances": [{"features": [1, 2]}]}, "/instances/0/features"),
        ({"instances": [{"features": {"amount": 3}}]}, "/instances/0/features/hour"),
        ({"instances": [{"features": {"amuont": 3}}]}, "/instances/0/features/amuont"),
        ({"instances": [{"features": "all"}]}, "/instances/0/features"),
        ({"instances": [{"featurs": []}]}, None),
        ({"instances": [{"features": [], "color": "red"}]}, "/instances/0/color"),
        ({"instances": [{"customer_id": "c", "amount_minor": "3"}]}, None),
    ],
)
def test_wrong_item_is_refused_with_its_pointer(client, body, pointer):
    answer = post(client, body)
    assert answer.status_code == 400, answer.text
    problem = answer.json()
    assert problem["errors"]
    if pointer is not None and pointer != "/instances/0/features/hour":
        assert problem["errors"][0]["pointer"] == pointer
    assert problem["what_to_do"]


@pytest.mark.parametrize("value", ["1e39", "true", '"3"', "null"])
def test_value_that_is_no_float_is_refused(client, value):
    row = [str(number) for number in scored_items()[0].row]
    body = f'{{"features": [{", ".join([*row[:-1], value])}]}}'.encode()
    assert post(client, body).status_code == 400


@pytest.mark.parametrize("line", ["a,b", "1,2,3", "1;2", "é"])
def test_wrong_row_of_csv_is_refused_with_its_number(client, line):
    body = (",".join(map(repr, scored_items()[0].row)) + "\n" + line).encode()
    answer = post(client, body, CSV)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"].startswith("/1")


def test_body_above_the_limit_is_refused():
    answer = post(client_of(max_body_bytes=100), b"1" * 101)
    assert answer.status_code == 413
    assert "serving.max_body_bytes" in answer.text


def test_transaction_without_features_is_refused_without_an_online_store(client):
    answer = post(client, scored_items()[0].transaction)
    assert answer.status_code == 400
    assert "serving.features_url" in answer.text


def test_features_come_from_the_online_store():
    """The fraud rates by category are the model's own, whichever model the job runs."""
    items = scored_items()
    with features_api(token="a-token-of-the-tests") as url:
        client = client_of(features_url=url, features_token="a-token-of-the-tests")
        found = post(client, {"instances": [item.transaction for item in items]}).json()["predictions"]
        assert [(one["score"], one["decision"]) for one in found] == [(item.score, item.decision) for item in items]
        other = client_of(features_url=url, features_token="a-token-of-the-tests", folder=other_folder())
        again = post(other, {"instances": [item.transaction for item in items]}).json()["predictions"]
    assert {one["model_id"] for one in again} != {one["model_id"] for one in found}


@pytest.mark.parametrize(
    "answer",
    [
        (503, {"detail": "no"}),
        (200, {"feature_spec_hash": "unknown", "features": {}}),
        (200, {}),
        (200, "text"),
        (302, {}),
    ],
)
def test_online_store_that_gives_no_features_makes_the_request_fail_for_now(answer):
    with features_api(lambda *_: answer) as url:
        failed = post(client_of(features_url=url), scored_items()[0].transaction)
    assert failed.status_code == 503
    assert failed.headers["retry-after"] == "1"


def test_absent_online_store_makes_the_request_fail_for_now():
    failed = post(client_of(features_url="http://127.0.0.1:1", features_timeout_s=0.5), scored_items()[0].transaction)
    assert failed.status_code == 503


def test_model_of_a_former_table_reads_the_first_features():
    client = client_of(folder=former_table_folder())
    item = scored_items()[0]
    short = post(client, {"features": item.row[: len(FORMER_FEATURES)]}).json()["predictions"]
    assert post(client, {"features": item.row}).json()["predictions"] == short
    assert post(client, {"features": item.features}).json()["predictions"] == short
