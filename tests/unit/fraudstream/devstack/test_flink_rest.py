"""Causes of failures from Flink's REST API."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from fraudstream.control.flink_run import FlinkRun, client_cause
from fraudstream.devstack import flink_rest
from fraudstream.devstack.flink_rest import FlinkRefusal, FlinkRest, cause_line
from fraudstream.system.failures import NotReady, RuntimeFailure
from fraudstream.system.ports import LOOPBACK, free_port
from tests.hostile_json import HOSTILE_JSON
from tests.json_handler import JsonHandler
from tests.served import served

JAVA = """org.apache.flink.runtime.JobException: Recovery is suppressed
\tat org.apache.flink.Foo.bar(Foo.java:1)
Caused by: java.lang.RuntimeException: wrapped
\tat x
Caused by: java.io.IOException: disk full
\t... 3 more"""

PYTHON = """java.lang.RuntimeException: pemja.core.PythonException: trouble
\tat pemja.core.Foo
Traceback (most recent call last):
  File "job.py", line 1, in <module>
    main()
ValueError: expected 3, got 4
\tat java.base/java.lang.Thread.run"""

PY4J = """Traceback (most recent call last):
  File "job.py", line 35, in <module>
    main()
py4j.protocol.Py4JJavaError: An error occurred while calling o14.executeSql.
: org.apache.flink.table.api.ValidationException: Unable to create a sink
\tat org.apache.flink
Caused by: org.apache.flink.table.api.ValidationException: Could not find any factory for identifier 'kafka'

org.apache.flink.client.program.ProgramAbortException: java.lang.RuntimeException: Python process exits
Caused by: java.lang.RuntimeException: Python process exits with code: 1"""


def test_cause_of_a_java_failure_is_the_last_cause():
    assert cause_line(JAVA) == "java.io.IOException: disk full"


def test_cause_of_a_python_failure_is_the_python_error():
    assert cause_line(PYTHON) == "ValueError: expected 3, got 4"


def test_cause_of_a_wrapped_java_failure_is_not_the_exit_of_python():
    assert "Could not find any factory for identifier 'kafka'" in client_cause(PY4J)


def test_empty_failure_has_no_cause():
    assert cause_line("") == ""


def test_user_error_that_ends_the_job_script_is_the_cause():
    output = (
        "JobConfigError: expected job.shards: one of 1, 2, got 3\n"
        "org.apache.flink.client.program.ProgramAbortException: java.lang.RuntimeException: "
        "Python process exits with code: 1\n"
        "Caused by: java.lang.RuntimeException: Python process exits with code: 1\n"
    )
    assert client_cause(output) == "JobConfigError: expected job.shards: one of 1, 2, got 3"


def test_missing_cluster_is_reported_with_how_to_start_one():
    rest = FlinkRest(url=f"http://{LOOPBACK}:{free_port()}")
    assert not rest.reachable()
    with pytest.raises(NotReady, match="fraudstream up"):
        rest.overview()


@pytest.mark.parametrize(
    ("url", "address"), [("http://h:8081", "h:8081"), ("https://h", "h:443"), ("http://h/", "h:80")]
)
def test_address_for_the_client(url, address):
    assert FlinkRest(url=url).address == address


def test_line_can_be_pasted_into_a_shell(tmp_path):
    from fraudstream.devstack.flink_home import FlinkHome
    from fraudstream.system.folders import StateFolder
    from fraudstream.system.java import find_java

    run = FlinkRun(
        home=FlinkHome(folder=StateFolder(root=tmp_path / "a b"), connectors=()),
        java=find_java(),
        rest_url="http://127.0.0.1:8081",
        script=tmp_path / "job.py",
        arguments=["--config", "c.json"],
        options={"parallelism.default": "2"},
        savepoint="file:///s",
    )
    assert run.line.startswith(f"'{tmp_path}/a b/flink/bin/flink' run -d -m 127.0.0.1:8081 -s file:///s")
    assert run.line.endswith(f"-Dparallelism.default=2 -py {tmp_path}/job.py --config c.json")


@contextmanager
def answering(status: int, body: bytes = b"") -> Iterator[FlinkRest]:
    """Answer every request with one status."""

    class Answer(BaseHTTPRequestHandler):
        def do_PATCH(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH  # noqa: N815 (named by http.server)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with served(HTTPServer((LOOPBACK, 0), Answer)) as server:
        yield FlinkRest(url=f"http://{LOOPBACK}:{server.server_port}")


def test_cancellation_of_an_ended_job_is_no_error():
    with answering(409) as rest:
        rest.cancel("f00d")


def test_cancellation_of_an_unknown_job_is_refused():
    with answering(404) as rest, pytest.raises(FlinkRefusal, match="status 404"):
        rest.cancel("f00d")


@contextmanager
def saving(*operations: dict[str, Any]) -> Iterator[tuple[FlinkRest, list[tuple[str, Any]]]]:
    """Serve savepoints whose operation is in turn one of these, in progress where it is empty; gives the requests."""
    requests: list[tuple[str, Any]] = []
    left = [*operations]

    class Answer(JsonHandler):
        def do_POST(self) -> None:  # noqa: N802 (named by http.server)
            requests.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.answer(202, {"request-id": "r1"})

        def do_GET(self) -> None:  # noqa: N802 (named by http.server)
            assert self.path == "/jobs/f00d/savepoints/r1"
            operation = left.pop(0)
            self.answer(200, {"status": {"id": "COMPLETED" if operation else "IN_PROGRESS"}, "operation": operation})

    with served(HTTPServer((LOOPBACK, 0), Answer)) as server:
        yield FlinkRest(url=f"http://{LOOPBACK}:{server.server_port}"), requests


def test_stop_with_a_savepoint_waits_for_it_and_never_drains():
    with saving({}, {}, {"location": "file:///s/savepoint-1"}) as (rest, requests):
        assert rest.savepoint("f00d", "file:///s", stop=True) == "file:///s/savepoint-1"
    assert requests == [("/jobs/f00d/stop", {"targetDirectory": "file:///s", "drain": False})]


def test_savepoint_of_a_job_that_goes_on_cancels_nothing():
    with saving({"location": "file:///s/savepoint-1"}) as (rest, requests):
        assert rest.savepoint("f00d", "file:///s", stop=False) == "file:///s/savepoint-1"
    assert requests == [("/jobs/f00d/savepoints", {"target-directory": "file:///s", "cancel-job": False})]


def test_savepoint_that_fails_names_the_cause():
    failed = {"failure-cause": {"class": "org.apache.flink.Foo", "stack-trace": JAVA}}
    with saving({}, failed) as (rest, _), pytest.raises(RuntimeFailure, match=r"f00d failed: java\.io\.IOException"):
        rest.savepoint("f00d", "file:///s", stop=True)


STARTING = {
    "failure-cause": {
        "class": "java.util.concurrent.CompletionException",
        "stack-trace": "java.util.concurrent.CompletionException: o.a.f.CheckpointException: Checkpoint triggering "
        "task Source: labels (1/2) of job f00d is not being executed at the moment. Aborting checkpoint. "
        "Failure reason: Not all required tasks are currently running.\n\tat o.a.f.Foo.bar(Foo.java:1)\n",
    }
}


def test_savepoint_asked_while_tasks_start_is_asked_again_until_all_run():
    with saving(STARTING, {}, STARTING, {"location": "file:///s/savepoint-1"}) as (rest, requests):
        assert rest.savepoint("f00d", "file:///s", stop=True) == "file:///s/savepoint-1"
    assert [path for path, _ in requests] == ["/jobs/f00d/stop"] * 3


def test_savepoint_of_a_job_whose_tasks_never_all_run_says_so(monkeypatch):
    monkeypatch.setattr(flink_rest, "STARTING_S", 0)
    with saving(STARTING) as (rest, _), pytest.raises(RuntimeFailure, match="all tasks of f00d to run within 0 s"):
        rest.savepoint("f00d", "file:///s", stop=False)


def test_savepoint_of_an_unknown_job_is_refused():
    with answering(404) as rest, pytest.raises(FlinkRefusal, match="status 404"):
        rest.savepoint("f00d", "file:///s", stop=True)


REQUESTS = {
    "overview": lambda rest: rest.overview(),
    "taskmanagers": lambda rest: rest.taskmanagers(),
    "jobs": lambda rest: rest.jobs(),
    "job": lambda rest: rest.job("f00d"),
    "clock": lambda rest: rest.now_ms("f00d"),
}


@pytest.mark.parametrize("call", REQUESTS)
@pytest.mark.parametrize("kind", HOSTILE_JSON)
def test_service_that_is_no_flink_is_named(call, kind):
    with answering(200, HOSTILE_JSON[kind]) as rest, pytest.raises(NotReady, match=r"Set flink\.rest_url to"):
        REQUESTS[call](rest)


@pytest.mark.parametrize(
    "call",
    [
        lambda rest: rest.configuration(),
        lambda rest: rest.job_parameters("f00d"),
        lambda rest: rest.metrics("/jobs/f00d/metrics"),
        lambda rest: rest.restarts("f00d"),
        lambda rest: rest.checkpoints("f00d"),
        lambda rest: rest.state_sizes("f00d", 1),
        lambda rest: rest.last_failure("f00d"),
        lambda rest: rest.savepoint("f00d", "file:///s", stop=True),
    ],
)
@pytest.mark.parametrize("kind", HOSTILE_JSON)
def test_unexpected_answer_is_no_stack_trace(call, kind):
    with answering(200, HOSTILE_JSON[kind]) as rest, suppress(NotReady, RuntimeFailure):
        call(rest)


@pytest.mark.parametrize("kind", HOSTILE_JSON)
def test_unexpected_refusal_is_reported_verbatim(kind):
    with answering(500, HOSTILE_JSON[kind]) as rest, pytest.raises(FlinkRefusal, match="status 500"):
        rest.jobs()
