"""Savepoints as they are requested from Flink's REST API."""

import json
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from fraudstream.control.savepoints import MANIFEST_FILE, take_savepoint
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.folders import StateFolder
from tests.json_handler import JsonHandler
from tests.unit.fraudstream.control.job_ids import JOB

IN_PROGRESS = {"status": {"id": "IN_PROGRESS"}, "operation": None}
JAVA = (
    "java.util.concurrent.CompletionException: wrapped\n\tat x\nCaused by: java.io.IOException: disk full\n\t... 3 more"
)


class Flink:
    """Answers about one savepoint, in turn; None ends the connection without an answer."""

    def __init__(self, states: list[dict[str, Any] | None]) -> None:
        self.states, self.requests = states, list[tuple[str, Any]]()


@pytest.fixture
def flink() -> Iterator[tuple[Flink, FlinkRest]]:
    made = Flink([])

    class Handler(JsonHandler):
        def do_POST(self) -> None:  # noqa: N802 (named by http.server)
            content = self.rfile.read(int(self.headers["Content-Length"]))
            made.requests.append((self.path, json.loads(content)))
            self.answer(202, {"request-id": "f00d"})

        def do_GET(self) -> None:  # noqa: N802 (named by http.server)
            if self.path == "/jobs/j/config":
                self.answer(200, {"execution-config": {"user-config": {"fraudstream.manifest": JOB.to_json()}}})
                return
            assert self.path == "/jobs/j/savepoints/f00d"
            state = made.states.pop(0)
            if state is not None:
                self.answer(200, state)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield made, FlinkRest(url=f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("stop", "path", "wanted"),
    [
        (True, "/jobs/j/stop", {"targetDirectory": "TARGET", "drain": False}),
        (False, "/jobs/j/savepoints", {"target-directory": "TARGET"}),
    ],
    ids=["stop", "keep running"],
)
def test_savepoint_is_complete_when_flink_gives_its_location(flink, tmp_path, stop, path, wanted):
    answers, rest = flink
    folder = StateFolder(root=tmp_path)
    (tmp_path / "s").mkdir()
    location = (tmp_path / "s").as_uri()
    answers.states = [IN_PROGRESS, None, {"status": {"id": "COMPLETED"}, "operation": {"location": location}}]
    assert take_savepoint(rest, "j", folder, stop=stop) == location
    target = {name: folder.savepoints.as_uri() if value == "TARGET" else value for name, value in wanted.items()}
    assert answers.requests == [(path, {**target, "formatType": "CANONICAL"})]
    assert (tmp_path / "s" / MANIFEST_FILE).read_text() == JOB.to_json() + "\n"


def test_job_that_writes_no_savepoint_is_named_with_the_cause(flink, tmp_path):
    answers, rest = flink
    failure = {"failure-cause": {"class": "java.io.IOException", "stack-trace": JAVA}}
    answers.states = [{"status": {"id": "COMPLETED"}, "operation": failure}]
    with pytest.raises(RuntimeFailure, match=r"a savepoint of job j, got none: java\.io\.IOException: disk full"):
        take_savepoint(rest, "j", StateFolder(root=tmp_path), stop=True)
