from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from fraudstream.control.flink_run import FlinkRun, client_cause
from fraudstream.devstack.flink_rest import FlinkRefusal, FlinkRest, cause_line
from fraudstream.system.failures import NotReady, RuntimeFailure
from fraudstream.system.ports import LOOPBACK, free_port
from tests.hostile_json import HOSTILE_JSON

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


def test_cause_of_nothing_is_nothing():
    assert cause_line("") == ""


def test_user_error_that_ends_the_job_script_is_the_cause():
    output = (
        "JobConfigError: expected job.shards: one of 1, 2, got 3\n"
        "org.apache.flink.client.program.ProgramAbortException: java.lang.RuntimeException: "
        "Python process exits with code: 1\n"
        "Caused by: java.lang.RuntimeException: Python process exits with code: 1\n"
    )
    assert client_cause(output) == "JobConfigError: expected job.shards: one of 1, 2, got 3"


def test_cluster_that_is_not_there_says_how_to_start_one():
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
    """Serve one status to all that is asked."""

    class Answer(BaseHTTPRequestHandler):
        def do_PATCH(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PATCH  # noqa: N815 (named by http.server)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with HTTPServer((LOOPBACK, 0), Answer) as server:
        Thread(target=server.serve_forever).start()
        try:
            yield FlinkRest(url=f"http://{LOOPBACK}:{server.server_port}")
        finally:
            server.shutdown()


def test_job_that_ended_before_its_cancellation_is_left_as_it_is():
    with answering(409) as rest:
        rest.cancel("f00d")


def test_cancellation_of_an_unknown_job_is_refused():
    with answering(404) as rest, pytest.raises(FlinkRefusal, match="status 404"):
        rest.cancel("f00d")


ASKED = {
    "overview": lambda rest: rest.overview(),
    "taskmanagers": lambda rest: rest.taskmanagers(),
    "jobs": lambda rest: rest.jobs(),
    "job": lambda rest: rest.job("f00d"),
    "clock": lambda rest: rest.now_ms("f00d"),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("kind", HOSTILE_JSON)
def test_what_answers_and_is_no_flink_is_named(asked, kind):
    with answering(200, HOSTILE_JSON[kind]) as rest, pytest.raises(NotReady, match=r"Set flink\.rest_url to"):
        ASKED[asked](rest)


@pytest.mark.parametrize(
    "ask",
    [
        lambda rest: rest.job_parameters("f00d"),
        lambda rest: rest.metrics("/jobs/f00d/metrics"),
        lambda rest: rest.restarts("f00d"),
        lambda rest: rest.checkpoints("f00d"),
        lambda rest: rest.last_failure("f00d"),
    ],
)
@pytest.mark.parametrize("kind", HOSTILE_JSON)
def test_an_answer_of_another_shape_is_no_stack_trace(ask, kind):
    with answering(200, HOSTILE_JSON[kind]) as rest, suppress(NotReady, RuntimeFailure):
        ask(rest)


@pytest.mark.parametrize("kind", HOSTILE_JSON)
def test_a_refusal_of_another_shape_is_told_as_it_is(kind):
    with answering(500, HOSTILE_JSON[kind]) as rest, pytest.raises(FlinkRefusal, match="status 500"):
        rest.jobs()
