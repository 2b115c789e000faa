"""How long the scoring API takes: broker, cluster, job, API and load, all here.

`python -m benchmarks.scoring_api [--rate 500] [--seconds 60]` prints one JSON object as last line. The load comes up in
the first 30 seconds, which do not count. A user of Locust waits for an answer before it sends the next: where the
answers take longer than 200 ms the rate falls behind, which `requests_per_second` shows. Settings come from the
environment: `FRAUDSTREAM_JOB__BATCH_MS=10 python -m benchmarks.scoring_api`.
"""

import argparse
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

from benchmarks.bench import ROOT, bench_model, bench_settings, console
from fraudstream.control.submit import submit
from fraudstream.devstack.stack import embedded
from fraudstream.settings.settings import Settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.isolated_venv import isolated_venv
from fraudstream.system.ports import LOOPBACK, free_port
from fraudstream.system.run_state import RunState

HERE = Path(__file__).parent
REQUESTS_OF_USER, WARM_UP_S, START_S = 5, 30, 60.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=500, help="requests a second")
    parser.add_argument("--seconds", type=int, default=60, help="how long is measured")
    arguments = parser.parse_args()
    ROOT.mkdir(parents=True, exist_ok=True)
    python = isolated_venv(HERE / "locust.lock", "benchmarks")
    settings = bench_settings(bench_model())
    with console.status("starting broker, cluster, job and API"), embedded(settings) as services:
        submit(settings, services)
        with api(settings) as (url, pid):
            parts = {process.name: process.pid for process in RunState.load(settings.state).processes} | {"api": pid}
            before, began = cpu_seconds(parts), time.monotonic()
            rows = load(python, url, arguments.rate, arguments.seconds)
            took, after = time.monotonic() - began, cpu_seconds(parts)
    cores = {name: round((after[name] - before[name]) / took, 2) for name in after}
    print(json.dumps({**report(rows, arguments.rate), "cores": cores}))


@contextmanager
def api(settings: Settings) -> Iterator[tuple[str, int]]:
    """Run the API in a process of its own for the length of a block; gives its address and its id."""
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    state = {"FRAUDSTREAM_PATHS__STATE": str(settings.state.root)}
    command = [sys.executable, "-m", "fraudstream.cli.main", "api", "--port", str(port)]
    with (ROOT / "api.log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | state, stdout=log, stderr=log)  # noqa: S603
    try:
        if not wait_until(lambda: _is_ready(url), seconds=START_S):
            raise RuntimeFailure(f"expected {url}/readyz to answer within {START_S:.0f} s: see {ROOT / 'api.log'}")
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(30)


def cpu_seconds(parts: dict[str, int]) -> dict[str, float]:
    """Return the processor time of some processes, and as "load" of the children that have ended, in seconds."""
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
    """Have Locust send, and return what it measured."""
    users = -(-rate // REQUESTS_OF_USER)
    options = {
        "--locustfile": HERE / "locustfile.py",
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
        raise RuntimeFailure(f"expected figures of Locust, but it said: {done.stderr[-2000:]}") from None


def report(rows: list[dict[str, Any]], rate: int) -> dict[str, object]:
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
    raise RuntimeFailure("expected answers, was none")


if __name__ == "__main__":
    try:
        main()
    except RuntimeFailure as failure:
        sys.exit(str(failure))
