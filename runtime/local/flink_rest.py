from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from runtime.host.failures import NotReady, RuntimeFailure

TIMEOUT_S = 10.0


class FlinkRefusal(RuntimeFailure):
    """Flink answered with an error; `status` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class FlinkRest:
    """The part of Flink's REST interface that we use.

    Parameters
    ----------
    url
        For example `http://127.0.0.1:8081`.
    """

    url: str

    @property
    def address(self) -> str:
        """`host:port`, as `flink run -m` wants it."""
        return f"{urlsplit(self.url).hostname}:{self.port}"

    @property
    def port(self) -> int:
        """The port, the scheme's own where the address names none."""
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)

    def reachable(self) -> bool:
        """Say whether a cluster answers."""
        try:
            self.overview()
        except (NotReady, RuntimeFailure):
            return False
        return True

    def overview(self) -> dict[str, Any]:
        """Tell the numbers of TaskManagers, slots and jobs."""
        return dict(self._ask("GET", "/overview"))

    def taskmanagers(self) -> list[dict[str, Any]]:
        """List the TaskManagers."""
        return list(self._ask("GET", "/taskmanagers")["taskmanagers"])

    def jobs(self) -> list[dict[str, Any]]:
        """List jobs with `jid`, `name`, `state`, `start-time`, running ones first."""
        found = list(self._ask("GET", "/jobs/overview")["jobs"])
        return sorted(found, key=lambda job: (job["state"] != "RUNNING", -job["start-time"]))

    def job(self, job_id: str) -> dict[str, Any]:
        """Tell a job's state and its vertices."""
        return dict(self._ask("GET", f"/jobs/{job_id}"))

    def job_parameters(self, job_id: str) -> dict[str, str]:
        """Tell what the job said of itself when it was submitted."""
        found = self._ask("GET", f"/jobs/{job_id}/config").get("execution-config", {})
        return dict(found.get("user-config", {}))

    def metrics(self, path: str, names: str = "") -> dict[str, str]:
        """Read metrics below a path, for example `/jobs/ID/metrics`: name to value."""
        query = f"?get={names}" if names else ""
        return {row["id"]: row.get("value", "") for row in self._ask("GET", path + query)}

    def restarts(self, job_id: str) -> int:
        """Count the restarts of a job that runs."""
        return int(self.metrics(f"/jobs/{job_id}/metrics", "numRestarts").get("numRestarts") or 0)

    def counters(self, job_id: str, group: str) -> dict[str, int]:
        """Read a job's counters of a metric group, summed over its subtasks: name to count since the job's start."""
        found: dict[str, int] = {}
        for vertex in self.job(job_id)["vertices"]:
            path = f"/jobs/{job_id}/vertices/{vertex['id']}/subtasks/metrics"
            names = [row["id"] for row in self._ask("GET", path) if f".{group}." in row["id"]]
            if names:
                for row in self._ask("GET", f"{path}?get={quote(','.join(names), safe=',')}&agg=sum"):
                    found[row["id"].partition(f".{group}.")[2]] = int(row["sum"])
        return found

    def checkpoints(self, job_id: str) -> dict[str, Any]:
        """Tell a job's checkpoints: counts, latest, history."""
        return dict(self._ask("GET", f"/jobs/{job_id}/checkpoints"))

    def root_cause(self, job_id: str) -> str:
        """Give the one line that says why a job failed last, empty when it did not."""
        failure = self.last_failure(job_id)
        return failure["cause"] if failure else ""

    def last_failure(self, job_id: str) -> dict[str, Any] | None:
        """Tell the `cause` of a job's last failure in one line, and `at_ms`, its wall-clock time since 1970."""
        history = self._ask("GET", f"/jobs/{job_id}/exceptions").get("exceptionHistory", {}).get("entries", [])
        return {"cause": cause_line(history[0]["stacktrace"]), "at_ms": history[0]["timestamp"]} if history else None

    def cancel(self, job_id: str) -> None:
        """Stop a job at once, keeping nothing; one that has ended by itself is left as it is."""
        try:
            self._ask("PATCH", f"/jobs/{job_id}?mode=cancel")
        except FlinkRefusal as refusal:
            if refusal.status != http.HTTPStatus.CONFLICT:  # the answer for a job that has already ended
                raise

    def _ask(self, method: str, path: str) -> Any:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
        try:
            connection.request(method, parts.path.rstrip("/") + path)
            answer = connection.getresponse()
            body = answer.read()
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
        return orjson.loads(body) if body else {}


def cause_line(stack: str) -> str:
    """Pick the line of a stack trace, Java or Python, that tells the cause.

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
    except orjson.JSONDecodeError:
        return body[:200].decode(errors="replace")
    stacks = [str(error) for error in errors if str(error).strip()]
    return cause_line(stacks[-1]) if stacks else "no reason given"
