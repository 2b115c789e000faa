"""Stand-in for AWS: moto's server, as a process in an environment of its own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from fraudstream.system.deadline import wait_until
from fraudstream.system.folders import PROJECT_ROOT
from fraudstream.system.isolated_venv import isolated_venv
from fraudstream.system.ports import LOOPBACK, free_port
from tests.patience import PATIENCE_S

LOCK = PROJECT_ROOT / "requirements" / "moto.lock"


def aws_environment(url: str) -> dict[str, str]:
    """Return the variables by which AWS's libraries find the server."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": "us-east-2",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextmanager
def moto_server(log: Path) -> Iterator[str]:
    """Run the server within a block; yields its address."""
    python, port = isolated_venv(LOCK, "tools"), free_port()
    command = [str(python), "-m", "moto.server", "--host", LOOPBACK, "--port", str(port)]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=os.environ | aws_environment(""))  # noqa: S603
    url = f"http://{LOOPBACK}:{port}"

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return httpx2.get(f"{url}/moto-api/").status_code == 200
        except httpx2.TransportError:
            return False

    try:
        assert wait_until(answers, seconds=PATIENCE_S), log.read_text()
        yield url
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
