"""`make audit`, with an advisory service of our own that answers as OSV does."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest

from runtime.folders import PROJECT_ROOT
from runtime.ports import LOOPBACK, free_port
from tests.json_handler import JsonHandler

ADVISORY = {"id": "PYSEC-2026-1", "summary": "made up", "aliases": [], "affected": []}


class Service(ThreadingHTTPServer):
    """Knows one advisory, on the package that the test names."""

    package: str | None = None


class Answers(JsonHandler):
    server: Service

    def do_POST(self) -> None:  # noqa: N802 (its name in http.server)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        concerned = asked["package"]["name"] == self.server.package
        self.answer(200, {"vulns": [ADVISORY]} if concerned else {})


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with Service((LOOPBACK, 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def audit(port: int, *options: str) -> subprocess.CompletedProcess[str]:
    where = ["-s", "osv", "--osv-url", f"http://{LOOPBACK}:{port}/v1/query"]
    command = [sys.executable, str(PROJECT_ROOT / "requirements" / "audit.py"), *options, *where]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603


def test_locks_without_advisories_pass(service):
    service.package = None
    done = audit(service.server_port, "--strict")
    assert done.returncode == 0, done
    assert "packages audited, 0 advisories" in done.stdout


def test_advisory_without_a_reason_fails(service):
    service.package = "fastavro"
    done = audit(service.server_port)
    assert done.returncode == 1
    assert "fastavro" in done.stdout
    assert "PYSEC-2026-1" in done.stdout


def test_service_that_can_not_be_asked_is_told_and_fails_only_a_strict_audit():
    port = free_port()
    done = audit(port)
    assert (done.returncode, done.stdout.startswith("NOT AUDITED: ")) == (0, True), done
    assert audit(port, "--strict").returncode == 1
