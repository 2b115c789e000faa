"""Flame graph of a TaskManager, by Flink's async-profiler; `rest.profiling.enabled` must be on."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure

SETTINGS = {"rest.profiling.enabled": "true"}
TIMEOUT_S = 30.0


def flame_graph(rest_url: str, seconds: int) -> bytes:
    """Profile the threads of the first TaskManager for some seconds; return a page of HTML.

    Python's frames are those of its interpreter, not lines of Python.

    Raises
    ------
    RuntimeFailure
        The profiler failed, or did not answer.
    """
    path = f"/taskmanagers/{FlinkRest(url=rest_url).taskmanagers()[0]['id']}/profiler"
    _ask(rest_url, "POST", path, {"mode": "ITIMER", "duration": seconds})
    found: dict[str, Any] = {}

    def finished() -> bool:
        found.update(json.loads(_ask(rest_url, "GET", path))["profilingList"][0])
        return found["status"] in {"FINISHED", "FAILED"}

    if not wait_until(finished, seconds=seconds + TIMEOUT_S, interval_s=1.0) or found["status"] == "FAILED":
        raise RuntimeFailure(f"expected a flame graph, got {found['status']}: {found.get('message')}")
    return _ask(rest_url, "GET", f"{path}/{found['outputFile']}")


def _ask(rest_url: str, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
    parts = urlsplit(rest_url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    try:
        sent = None if body is None else json.dumps(body)
        connection.request(method, path, sent, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status >= http.HTTPStatus.BAD_REQUEST:
        raise RuntimeFailure(f"Flink refused {method} {path} with status {answer.status}: {content[:300]!r}")
    return content
