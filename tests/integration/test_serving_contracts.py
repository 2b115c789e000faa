"""The SageMaker container and the Lambda function as processes, as AWS starts and calls them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import httpx2
import pytest

from fraudstream.system.deadline import wait_until
from fraudstream.system.ports import LOOPBACK, free_port
from tests.kinesis_events import kinesis_event, sequence_number
from tests.lambda_runtime import LambdaRuntime, lambda_runtime
from tests.moto_server import aws_environment, moto_server
from tests.patience import PATIENCE_S
from tests.served_items import features_api, scored_items
from tests.unit.training.histories import artifact_folder

SCORES, LETTERS = "scores", "dead-letters"


@contextmanager
def process(command: list[str], log: Path, **variables: str) -> Iterator[None]:
    """Run a program within a block."""
    with log.open("wb") as file:
        started = subprocess.Popen(command, env=os.environ | variables, stdout=file, stderr=file)  # noqa: S603
    try:
        yield
        assert started.poll() is None, log.read_text()
    finally:
        started.terminate()
        started.wait(PATIENCE_S)


def test_sagemaker_container_answers_pings_and_invocations_until_it_is_stopped(tmp_path):
    port, items = free_port(), scored_items()
    command = [sys.executable, "-m", "fraudstream", "sagemaker", "serve", "--model", str(artifact_folder())]
    with (
        process([*command, "--port", str(port)], tmp_path / "log"),
        httpx2.Client(base_url=f"http://{LOOPBACK}:{port}", timeout=PATIENCE_S) as http,
    ):

        def answers() -> bool:
            try:
                return http.get("/ping").status_code == 200
            except httpx2.TransportError:
                return False

        assert wait_until(answers, seconds=PATIENCE_S), (tmp_path / "log").read_text()
        body = "".join(json.dumps({"features": item.features}) + "\n" for item in items)
        answer = http.post(
            "/invocations",
            content=body,
            headers={
                "Content-Type": "application/jsonlines",
                "Accept": "application/jsonlines",
                "X-Amzn-SageMaker-Custom-Attributes": "trace-4711",
                "Host": "model.aws.local",
            },
        )
        assert answer.status_code == 200
        found = [json.loads(line) for line in answer.text.splitlines()]
        assert [one["score"] for one in found] == [item.score for item in items]
        assert http.post("/invocations", content="a,b", headers={"Content-Type": "text/csv"}).status_code == 400
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.fixture(scope="module")
def aws(tmp_path_factory) -> Iterator[str]:
    with moto_server(tmp_path_factory.mktemp("moto") / "log") as url:
        yield url


def kinesis(url: str) -> Any:
    """Return a client of the stand-in."""
    return boto3.client(
        "kinesis", endpoint_url=url, region_name="us-east-2", aws_access_key_id="t", aws_secret_access_key="t"
    )


def read(client: Any, stream: str) -> list[dict[str, Any]]:
    """Return the records of a stream with one shard."""
    shard = client.list_shards(StreamName=stream)["Shards"][0]["ShardId"]
    start = client.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    return [json.loads(row["Data"]) for row in client.get_records(ShardIterator=start["ShardIterator"])["Records"]]


@pytest.fixture
def function(aws: str, tmp_path: Path) -> Iterator[LambdaRuntime]:
    """Run the function in AWS's runtime for container images, with the online store."""
    token = "a-token-of-the-tests"
    with lambda_runtime() as runtime, features_api(token=token) as url:
        command = [sys.executable, "-m", "awslambdaric", "fraudstream.serving.lambda_handler.handler"]
        with process(
            command,
            tmp_path / "log",
            **aws_environment(aws),
            AWS_LAMBDA_RUNTIME_API=runtime.address,
            AWS_LAMBDA_FUNCTION_NAME="score",
            AWS_LAMBDA_FUNCTION_VERSION="1",
            AWS_LAMBDA_FUNCTION_MEMORY_SIZE="1024",
            FRAUDSTREAM_MODEL__ARTIFACT=str(artifact_folder()),
            FRAUDSTREAM_SERVING__OUTPUT_STREAM=SCORES,
            FRAUDSTREAM_SERVING__DEAD_LETTER_STREAM=LETTERS,
            FRAUDSTREAM_SERVING__FEATURES_URL=url,
            FRAUDSTREAM_SERVING__FEATURES_TOKEN=token,
            FRAUDSTREAM_SERVING__FEATURES_TIMEOUT_S=str(PATIENCE_S),
        ):
            yield runtime


def test_lambda_function_scores_events_into_kinesis_and_reports_partial_failures(aws, function):
    client = kinesis(aws)
    for stream in (SCORES, LETTERS):
        client.create_stream(StreamName=stream, ShardCount=1)
    items = scored_items()[:6]
    given = [{**item.transaction, "features": item.features} for item in items[:3]]
    asked = [item.transaction for item in items[3:]]
    kind, answer = function.invoke(kinesis_event(*given, b"not JSON", *asked))
    assert (kind, answer) == ("response", {"batchItemFailures": []})
    scores, letters = read(client, SCORES), read(client, LETTERS)
    assert [row["score"] for row in scores] == [item.score for item in items]
    assert [row["sequence_number"] for row in letters] == [sequence_number(3)]
    assert letters[0]["data"] == "not JSON"
    unknown = {**items[0].transaction, "customer_id": "unknown"}
    kind, answer = function.invoke(kinesis_event(given[0], unknown, given[1]))
    assert (kind, answer) == ("response", {"batchItemFailures": [{"itemIdentifier": sequence_number(1)}]})
    assert len(read(client, SCORES)) == len(items) + 1
    kind, answer = function.invoke({"Records": [{"eventSource": "aws:sqs"}]})
    assert kind == "error"
    assert "expected an event of a Kinesis stream" in answer["errorMessage"]
