"""Demo with an endless stream, for the console."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from fraudstream.control.submit import stop_job, submit
from fraudstream.demos.demo import demo_settings, show_model, train_once
from fraudstream.devstack.stack import Progress, Services, embedded
from fraudstream.settings.settings import Settings
from fraudstream.terminal import err, out

RATE = 200
ENDED_S = 20.0


@contextmanager
def live_demo(settings: Settings) -> Iterator[Services]:
    """Train, start broker and cluster, submit the job and send simulated transactions while a block runs.

    The demo has its model and state folder; all services stop with the block.

    Yields
    ------
    Services
        Broker and cluster of the demo, with its settings.
    """
    demo = demo_settings(settings, "live")  # not shared with a concurrent demo
    show_model(train_once(demo))
    with err.status("starting") as status, embedded(demo, progress=Progress(on_step=status.update)) as services:
        status.update("submitting the job")
        job = submit(services, on_line=lambda line: out.print(f"[dim]{line}[/]", soft_wrap=True))
        status.stop()
        try:
            with _sending(demo):
                yield services
        finally:
            stop_job(services, job.job_id, savepoint=False)


@contextmanager
def _sending(settings: Settings) -> Iterator[None]:
    """Send from a process of its own, so that the console keeps its processor time."""
    line = [sys.executable, "-P", "-m", "fraudstream", "produce", "--rate", str(RATE)]
    environment = {"FRAUDSTREAM_PATHS__STATE": str(settings.state.root)}
    with (settings.state.logs / "produce.log").open("wb") as log:
        process = subprocess.Popen(line, env=os.environ | environment, stdout=log, stderr=log)  # noqa: S603
        try:
            yield
        finally:
            process.terminate()
            process.wait(ENDED_S)
