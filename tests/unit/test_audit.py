"""`make audit` against a local advisory service with the interface of OSV."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from http.server import ThreadingHTTPServer

import pytest

from fraudstream.system.folders import PROJECT_ROOT
from fraudstream.system.ports import LOOPBACK, free_port
from tests.json_handler import JsonHandler
from tests.served import served

ONE_OF_EACH_LOCK = (
    "fastavro",
    "apache-flink",
    "pytest",
    "uv",
    "playwright",
    "evidently",
    "altair",
    "apache-airflow",
    "mlflow",
    "moto",
    "dvc",
    "checkov",
    "awslambdaric",
)


class Service(ThreadingHTTPServer):
    """Service with an advisory on each package that the test names."""

    packages: Sequence[str] = ()


class Answers(JsonHandler):
    server: Service

    def do_POST(self) -> None:  # noqa: N802 (its name in http.server)
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = request["package"]["name"]
        advisory = {"id": f"PYSEC-2026-{name}", "summary": "made up", "aliases": [], "affected": []}
        self.answer(200, {"vulns": [advisory]} if name in self.server.packages else {})


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with served(Service((LOOPBACK, 0), Answers)) as server:
        yield server


def audit(port: int, *options: str) -> subprocess.CompletedProcess[str]:
    where = ["-s", "osv", "--osv-url", f"http://{LOOPBACK}:{port}/v1/query"]
    command = [sys.executable, str(PROJECT_ROOT / "requirements" / "audit.py"), *options, *where]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


def test_locks_without_advisories_pass(service):
    service.packages = ()
    done = audit(service.server_port, "--strict")
    assert done.returncode == 0, done
    assert "packages audited, 0 advisories" in done.stdout


def test_advisory_without_a_reason_fails_in_every_lock(service):
    service.packages = ONE_OF_EACH_LOCK
    done = audit(service.server_port)
    assert done.returncode == 1
    assert all(f"{package} " in done.stdout for package in ONE_OF_EACH_LOCK)
    assert "PYSEC-2026-uv" in done.stdout


def test_every_lock_has_one_of_the_tested_packages():
    files = [
        *(PROJECT_ROOT / "requirements").glob("*.lock"),
        *(PROJECT_ROOT / "fraudstream/system/locks").glob("*.lock"),
    ]
    locks = [path.read_text() for path in files]
    assert len(locks) == len(ONE_OF_EACH_LOCK)
    assert all(any(f"\n{name}==" in lock for name in ONE_OF_EACH_LOCK) for lock in locks)


def test_unreachable_service_is_reported_and_fails_only_a_strict_audit():
    port = free_port()
    done = audit(port)
    assert (done.returncode, done.stdout.startswith("NOT AUDITED: ")) == (0, True), done
    assert audit(port, "--strict").returncode == 1
