"""The console of one lane, as a user starts it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import httpx2

from fraudstream.system.deadline import wait_until
from fraudstream.system.ports import free_port
from tests.integration.scoring_lane import Lane
from tests.patience import PATIENCE_S


@contextmanager
def console_process(lane: Lane, log: Path, **console: str) -> Iterator[str]:
    """Run `fraudstream console` within a block, and check that it ends on request; yields its address."""
    port = free_port()
    topics = {f"FRAUDSTREAM_TOPICS__{name.upper()}": topic for name, topic in asdict(lane.topics).items()}
    options = {f"FRAUDSTREAM_CONSOLE__{name.upper()}": value for name, value in console.items()}
    state = {"FRAUDSTREAM_PATHS__STATE": str(lane.settings.state.root)}
    command = [sys.executable, "-m", "fraudstream", "console", "--port", str(port)]
    with log.open("wb") as file:
        process = subprocess.Popen(command, env=os.environ | topics | options | state, stdout=file, stderr=file)  # noqa: S603
    url = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return httpx2.get(f"{url}/healthz").status_code == 200
        except httpx2.TransportError:
            return False

    try:
        assert wait_until(answers, seconds=PATIENCE_S), log.read_text()
        yield url
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
    assert "Traceback" not in log.read_text(), log.read_text()
