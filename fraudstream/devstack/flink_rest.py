"""Client of Flink's REST API."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import NotReady, RuntimeFailure

TIMEOUT_S, SAVEPOINT_S, STARTING_S = 10.0, 300.0, 60.0
MAX_ANSWER_BYTES = 64_000_000
"""Flink's answers are a few kilobytes; the exceptions of a job with many subtasks are a few megabytes."""
_STARTING = ("Not all required tasks are currently running", "while the JobManager is initializing")
"""Flink's reasons for no savepoint while tasks of a job start, or start again after a failure."""
_OTHER_SHAPE = (AttributeError, IndexError, KeyError, TypeError, ValueError)


class FlinkRefusal(RuntimeFailure):
    """Flink answered with an error; `status` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class FlinkRest:
    """Client of the part of Flink's REST API that is used here.

    Parameters
    ----------
    url
        Address, for example `http://127.0.0.1:8081`.
    """

    url: str

    @property
    def address(self) -> str:
        """`host:port`, as `flink run -m` expects it."""
        return f"{urlsplit(self.url).hostname}:{self.port}"

    @property
    def port(self) -> int:
        """Port of the address, or the default of its scheme."""
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    def reachable(self) -> bool:
        """Return whether a cluster answers."""
        try:
            self.overview()
        except (NotReady, RuntimeFailure):
            return False
        return True

    def overview(self) -> dict[str, Any]:
        """Return the numbers of TaskManagers, slots and jobs."""
        found = self._ask("GET", "/overview")
        with self._parsing("/overview"):
            numbers = {name: int(found[name]) for name in ("taskmanagers", "slots-total", "slots-available")}
            return {**found, **numbers, "flink-version": str(found["flink-version"])}

    def taskmanagers(self) -> list[dict[str, Any]]:
        """List the TaskManagers."""
        found = self._ask("GET", "/taskmanagers")
        with self._parsing("/taskmanagers"):
            return [dict(row) for row in found["taskmanagers"]]

    def configuration(self) -> dict[str, str]:
        """Return the cluster's settings."""
        path = "/jobmanager/config"
        found = self._ask("GET", path)
        with self._parsing(path):
            return {row["key"]: row["value"] for row in found}

    def jobs(self) -> list[dict[str, Any]]:
        """List jobs with `jid`, `name`, `state`, `start-time`, running ones first."""
        found = self._ask("GET", "/jobs/overview")
        with self._parsing("/jobs/overview"):
            rows = [{**row, **{name: str(row[name]) for name in ("jid", "name", "state")}} for row in found["jobs"]]
            return sorted(rows, key=lambda job: (job["state"] != "RUNNING", -job["start-time"]))

    def job(self, job_id: str) -> dict[str, Any]:
        """Return a job's state and vertices."""
        path = f"/jobs/{job_id}"
        found = self._ask("GET", path)
        with self._parsing(path):
            return {**found, "state": str(found["state"]), "vertices": [dict(row) for row in found.get("vertices", [])]}

    def job_parameters(self, job_id: str) -> dict[str, str]:
        """Return the configuration that the job was submitted with."""
        path = f"/jobs/{job_id}/config"
        found = self._ask("GET", path)
        with self._parsing(path):
            return dict(found.get("execution-config", {}).get("user-config", {}))

    def metrics(self, path: str, names: str = "") -> dict[str, str]:
        """Read metrics below a path, for example `/jobs/ID/metrics`: name to value."""
        query = f"?get={names}" if names else ""
        found = self._ask("GET", path + query)
        with self._parsing(path):
            return {row["id"]: row.get("value", "") for row in found}

    def restarts(self, job_id: str) -> int:
        """Return the number of restarts of a running job."""
        path = f"/jobs/{job_id}/metrics"
        found = self.metrics(path, "numRestarts").get("numRestarts")
        with self._parsing(path):
            return int(found or 0)

    def counters(self, job_id: str, group: str) -> dict[str, int]:
        """Read a job's counters of a metric group, summed over its subtasks: name to count since the job's start."""
        found: dict[str, int] = {}
        for vertex in self.job(job_id)["vertices"]:
            path = f"/jobs/{job_id}/vertices/{vertex['id']}/subtasks/metrics"
            names = [name for name in self.metrics(path) if f".{group}." in name]
            if names:
                sums = self._ask("GET", f"{path}?get={quote(','.join(names), safe=',')}&agg=sum")
                with self._parsing(path):
                    found |= {row["id"].partition(f".{group}.")[2]: int(row["sum"]) for row in sums}
        return found

    def now_ms(self, job_id: str) -> int:
        """Return the JobManager's wall clock, milliseconds since 1970, while it has a job."""
        path = f"/jobs/{job_id}"
        found = self._ask("GET", path)
        with self._parsing(path):
            return int(found["now"])

    def checkpoints(self, job_id: str) -> dict[str, Any]:
        """Return a job's checkpoints: counts, latest, history."""
        path = f"/jobs/{job_id}/checkpoints"
        found = self._ask("GET", path)
        with self._parsing(path):
            return {**found, "counts": dict(found.get("counts") or {}), "latest": dict(found.get("latest") or {})}

    def state_sizes(self, job_id: str, checkpoint: int) -> dict[str, int]:
        """Return the bytes of each vertex' state in a checkpoint, by the vertex' name."""
        path = f"/jobs/{job_id}/checkpoints/details/{checkpoint}"
        found = self._ask("GET", path)
        names = {vertex["id"]: vertex["name"] for vertex in self.job(job_id)["vertices"]}
        with self._parsing(path):
            return {names[vertex]: int(task["state_size"]) for vertex, task in found["tasks"].items()}

    def root_cause(self, job_id: str) -> str:
        """Return the cause of a job's last failure in one line; empty without any."""
        failure = self.last_failure(job_id)
        return failure["cause"] if failure else ""

    def last_failure(self, job_id: str) -> dict[str, Any] | None:
        """Return the `cause` of a job's last failure in one line, and `at_ms`, its wall-clock time since 1970."""
        path = f"/jobs/{job_id}/exceptions"
        found = self._ask("GET", path)
        with self._parsing(path):
            history = found.get("exceptionHistory", {}).get("entries", [])
            newest = history[0] if history else None
            return newest and {"cause": cause_line(newest["stacktrace"]), "at_ms": int(newest["timestamp"])}

    def cancel(self, job_id: str) -> None:
        """Cancel a job without a savepoint; do nothing if it has ended."""
        try:
            self._ask("PATCH", f"/jobs/{job_id}?mode=cancel")
        except FlinkRefusal as refusal:
            if refusal.status != http.HTTPStatus.CONFLICT:  # the answer for a job that has already ended
                raise

    def savepoint(self, job_id: str, target: str, *, stop: bool) -> str:
        """Write a savepoint of a job, without draining it, and return the savepoint's location.

        Parameters
        ----------
        target
            URI of the folder to write to.
        stop
            Whether the job ends with the savepoint.

        Raises
        ------
        RuntimeFailure
            The job is not running, its tasks did not all start within STARTING_S, or the savepoint failed or was not
            complete in time.
        """
        location = ""

        def written() -> bool:
            nonlocal location
            try:
                location = self._savepoint(job_id, target, stop=stop)
            except RuntimeFailure as failure:
                if not any(reason in str(failure) for reason in _STARTING):
                    raise
            return bool(location)

        if not wait_until(written, seconds=STARTING_S, interval_s=0.5):
            raise RuntimeFailure(
                f"expected all tasks of {job_id} to run within {STARTING_S:.0f} s, but some still start, so Flink "
                "writes no savepoint. `fraudstream status` shows the job's last failure; try again once it runs"
            )
        return location

    def _savepoint(self, job_id: str, target: str, *, stop: bool) -> str:
        """Write a savepoint unless tasks of the job still start, see `savepoint`."""
        if stop:
            path, body = f"/jobs/{job_id}/stop", {"targetDirectory": target, "drain": False}
        else:
            path, body = f"/jobs/{job_id}/savepoints", {"target-directory": target, "cancel-job": False}
        trigger = self._ask("POST", path, body)
        with self._parsing(path):
            status = f"/jobs/{job_id}/savepoints/{trigger['request-id']}"
        operation: dict[str, Any] = {}

        def complete() -> bool:
            try:
                found = self._ask("GET", status)
            except NotReady:
                return False  # the savepoint continues without us
            with self._parsing(status):
                if found["status"]["id"] == "COMPLETED":
                    operation.update(found["operation"])
            return bool(operation)

        if not wait_until(complete, seconds=SAVEPOINT_S):
            raise RuntimeFailure(
                f"expected a savepoint of {job_id} within {SAVEPOINT_S:.0f} s, got none. `fraudstream status` shows "
                "whether its checkpoints complete"
            )
        with self._parsing(status):
            if failure := operation.get("failure-cause"):
                raise RuntimeFailure(f"the savepoint of {job_id} failed: {cause_line(str(failure['stack-trace']))}")
            return str(operation["location"])

    def _ask(self, method: str, path: str, content: dict[str, Any] | None = None) -> Any:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
        try:
            headers = {} if content is None else {"Content-Type": "application/json"}
            connection.request(
                method, parts.path.rstrip("/") + path, None if content is None else orjson.dumps(content), headers
            )
            answer = connection.getresponse()
            body = answer.read(MAX_ANSWER_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise NotReady(
                f"expected a Flink cluster at {self.url}, but: {error}. Start one with `fraudstream up`, "
                "or set flink.rest_url to yours"
            ) from error
        finally:
            connection.close()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise FlinkRefusal(
                f"Flink refused {method} {path} with status {answer.status}: {_reason(body)}", answer.status
            )
        with self._parsing(path):
            if len(body) > MAX_ANSWER_BYTES:
                raise ValueError(f"more than {MAX_ANSWER_BYTES:,} bytes")
            return orjson.loads(body) if body else {}

    @contextmanager
    def _parsing(self, path: str) -> Iterator[None]:
        """Raise a failure for answers that do not have Flink's shape."""
        try:
            yield
        except _OTHER_SHAPE as error:
            raise NotReady(
                f"expected Flink's answer to {path} from {self.url}, got something else "
                f"({type(error).__name__}: {str(error)[:100]}). Set flink.rest_url to the REST address of Flink"
            ) from None


def cause_line(stack: str) -> str:
    """Return the line of a stack trace, Java or Python, that names the cause.

    A Python error inside a Java trace comes after `Traceback`: its first unindented line is the cause,
    unless it is Py4J's, which wraps a Java error again. Otherwise it is the last `Caused by:`, else
    the first line.
    """
    lines = [line.rstrip() for line in stack.splitlines() if line.strip()]
    traces = [i for i, line in enumerate(lines) if line.strip().startswith("Traceback (most recent")]
    if traces:
        lines = [line for line in lines[traces[-1] + 1 :] if not line.startswith((" ", "\t"))]
        if lines and "Py4JJavaError" not in lines[0]:
            return lines[0]
        lines = [line.removeprefix(": ") for line in lines[1:]]
    stripped = [line.strip() for line in lines]
    caused = [line.removeprefix("Caused by: ") for line in stripped if line.startswith("Caused by: ")]
    return caused[-1] if caused else (lines[0].strip() if lines else "")


def _reason(body: bytes) -> str:
    try:
        errors = orjson.loads(body).get("errors", [])
        stacks = [str(error) for error in errors if str(error).strip()]
    except _OTHER_SHAPE:
        return ascii(body[:200].decode(errors="replace"))[1:-1]
    return cause_line(stacks[-1]) if stacks else "no reason given"
