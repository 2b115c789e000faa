"""Latency of the scoring API, with broker, cluster, job, API and load on this machine.

The load ramps up in the first 30 seconds, which do not count. A user of Locust waits for an answer before it sends the
next request: where answers take longer than 200 ms the rate falls behind, which `requests_per_second` shows. Settings
come from the environment: `FRAUDSTREAM_JOB__BATCH_MS=10 fraudstream bench scoring-api`.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psutil

import benchmarks
from benchmarks.bench import ROOT, bench_model, bench_settings, console
from benchmarks.report import Report
from fraudstream.control.submit import submit
from fraudstream.devstack.stack import embedded
from fraudstream.settings.settings import Settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.isolated_venv import isolated_venv
from fraudstream.system.ports import LOOPBACK, free_port
from fraudstream.system.run_state import RunState

LOCUST_LOCK, LOCUST_FILE = (Path(benchmarks.__file__).parent / name for name in ("locust.lock", "locustfile.py"))
REQUESTS_OF_USER, WARM_UP_S, START_S = 5, 30, 60.0


def run(brief: bool = False, *, rate: int = 500, seconds: int = 60) -> Report:
    """Start everything, send requests and measure."""
    seconds = min(seconds, 5) if brief else seconds
    python = isolated_venv(LOCUST_LOCK, "benchmarks")
    settings = bench_settings(bench_model())
    with console.status("starting broker, cluster, job and API"), embedded(settings) as services:
        submit(services)
        with api(settings) as (url, pid):
            parts = {process.name: process.pid for process in RunState.load(settings.state).processes} | {"api": pid}
            before, began = cpu_seconds(parts), time.monotonic()
            rows = load(python, url, rate, seconds)
            elapsed_s, after = time.monotonic() - began, cpu_seconds(parts)
    cores = {name: round((after[name] - before[name]) / elapsed_s, 2) for name in after}
    return Report.of_figures("scoring-api", __doc__, {**measured(rows, rate), "cores": cores})


@contextmanager
def api(settings: Settings) -> Iterator[tuple[str, int]]:
    """Run the API in a process of its own for the length of a block; yields its URL and process id."""
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    state = {"FRAUDSTREAM_PATHS__STATE": str(settings.state.root)}
    command = [sys.executable, "-P", "-m", "fraudstream", "api", "--port", str(port)]
    with (ROOT / "api.log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | state, stdout=log, stderr=log)  # noqa: S603
    try:
        if not wait_until(lambda: _is_ready(url), seconds=START_S):
            raise RuntimeFailure(
                f"expected {url}/readyz to answer within {START_S:.0f} s, got no answer. See {ROOT / 'api.log'}"
            )
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(30)


def cpu_seconds(parts: dict[str, int]) -> dict[str, float]:
    """Return the processor time of processes, and as "load" that of the children that have ended, in seconds."""
    times = {name: psutil.Process(pid).cpu_times() for name, pid in parts.items()}
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {name: used.user + used.system for name, used in times.items()} | {"load": ended.ru_utime + ended.ru_stime}


def _is_ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/readyz", timeout=10) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def load(python: Path, url: str, rate: int, seconds: int) -> list[dict[str, Any]]:
    """Send requests by Locust and return its figures."""
    users = -(-rate // REQUESTS_OF_USER)
    options = {
        "--locustfile": LOCUST_FILE,
        "--host": url,
        "--users": users,
        "--spawn-rate": users / WARM_UP_S,
        "--run-time": f"{WARM_UP_S + seconds}s",
    }
    flags = ["--headless", "--reset-stats", "--json", "--only-summary", "--loglevel", "ERROR"]
    command = [str(python), "-m", "locust", *flags, *(str(word) for option in options.items() for word in option)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        return list(json.loads(done.stdout))
    except json.JSONDecodeError:
        raise RuntimeFailure(f"expected figures from Locust, got: {done.stderr[-2000:]}") from None


def measured(rows: list[dict[str, Any]], rate: int) -> dict[str, Any]:
    """Return quantiles in milliseconds, as Locust counts them: to 1 ms below 100 ms, to 10 ms above."""
    (row,) = [row for row in rows if row["name"] == "/v1/score"]
    times = sorted((float(time), int(count)) for time, count in row["response_times"].items())
    total = sum(count for _, count in times)
    seconds = float(row["last_request_timestamp"]) - float(row["start_time"])
    return {
        "requests_per_second": round(total / seconds, 1),
        "wanted_per_second": rate,
        "requests": total,
        "without_decision": row["num_failures"],
        **{f"p{share:g}_ms": _quantile(times, total, share) for share in (50, 95, 99, 99.9, 100)},
    }


def _quantile(times: list[tuple[float, int]], total: int, share: float) -> float:
    seen = 0
    for answer_ms, count in times:
        seen += count
        if seen >= total * share / 100:
            return answer_ms
    raise RuntimeFailure("expected answers, got none")
