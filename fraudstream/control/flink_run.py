"""Runs of Flink's command line client."""

import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fraudstream.devstack.flink_home import FlinkHome
from fraudstream.devstack.flink_rest import FlinkRest, cause_line
from fraudstream.system.deadline import wait_until
from fraudstream.system.environment import process_environment
from fraudstream.system.failures import NotReady, RuntimeFailure
from fraudstream.system.folders import PROJECT_ROOT
from fraudstream.system.java import Java

CLIENT_SECONDS = 300.0
RUNNING_SECONDS = 180.0
ENDED_BADLY = {"FAILED", "FAILING", "CANCELED", "CANCELLING"}


@dataclass(frozen=True, kw_only=True)
class FlinkRun:
    """One `flink run` line: a Python job for a cluster.

    Parameters
    ----------
    home
        The distribution whose client is run.
    script
        The job's file.
    arguments
        Its command line.
    options
        Flink settings, one `-D` each.
    savepoint
        Folder to restore from: a savepoint's or a retained checkpoint's folder.
    drop_state
        Whether state that the job has no operator for may be left behind.
    """

    home: FlinkHome
    java: Java
    rest_url: str
    script: Path
    arguments: Sequence[str] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    savepoint: str | None = None
    drop_state: bool = False

    @property
    def command(self) -> list[str]:
        """The line, as program and arguments."""
        defined = [f"-D{key}={value}" for key, value in self.options.items()]
        restored = ["-s", self.savepoint] if self.savepoint else []
        restored += ["-n"] if self.savepoint and self.drop_state else []
        client = [str(self.home.root / "bin" / "flink"), "run", "-d", "-m", FlinkRest(url=self.rest_url).address]
        return [*client, *restored, *defined, "-py", str(self.script), *self.arguments]

    @property
    def line(self) -> str:
        """The line as a person would type it."""
        return shlex.join(self.command)

    def submit(self) -> str:
        """Run the line and wait until the job runs (or has finished); returns the job's id.

        Raises
        ------
        RuntimeFailure
            When the client or the job fails, with the line that names the cause.
        """
        if not FlinkRest(url=self.rest_url).reachable():
            raise NotReady(f"expected a Flink cluster at {self.rest_url}, got no answer. `fraudstream up` starts one")
        output = run_client(self.command, self.home, self.java)
        found = re.search(r"JobID ([0-9a-f]{32})", output)
        if found is None:
            raise RuntimeFailure(f"`flink run` named no job: {client_cause(output)}")
        self._await_running(found.group(1))
        return found.group(1)

    def _await_running(self, job_id: str) -> None:
        rest = FlinkRest(url=self.rest_url)

        def runs() -> bool:
            job = rest.job(job_id)
            if job["state"] in ENDED_BADLY:
                raise RuntimeFailure(f"the job {job_id} failed: {rest.root_cause(job_id) or job['state']}")
            vertices = {vertex["status"] for vertex in job["vertices"]}
            return job["state"] == "FINISHED" or (job["state"] == "RUNNING" and vertices <= {"RUNNING", "FINISHED"})

        if not wait_until(runs, seconds=RUNNING_SECONDS, interval_s=0.2):
            overview = rest.overview()
            raise RuntimeFailure(
                f"the job {job_id} was not running within {RUNNING_SECONDS:.0f} s: "
                f"{rest.root_cause(job_id) or 'no failure reported'}; free slots: {overview['slots-available']} "
                f"of {overview['slots-total']} (more: `fraudstream up --taskmanagers N`)"
            )


def run_client(command: Sequence[str], home: FlinkHome, java: Java) -> str:
    """Run Flink's client and return all that it printed.

    Raises
    ------
    RuntimeFailure
        When it fails or does not end in time, with the line that names the cause.
    """
    variables = {key: str(value) for key, value in home.environment("client").items()}
    try:
        done = subprocess.run(  # noqa: S603 (the command is built by us)
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=CLIENT_SECONDS,
            check=False,
            cwd=PROJECT_ROOT,
            env=process_environment(java) | variables,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeFailure(f"`{shlex.join(command[:2])}` did not end within {CLIENT_SECONDS:.0f} s") from error
    if done.returncode != 0:
        log = home.folder.logs / "client-failure.txt"
        log.write_text(done.stdout)
        raise RuntimeFailure(f"`flink {command[1]}` failed: {client_cause(done.stdout)} (all of its output: {log})")
    return done.stdout


def client_cause(output: str) -> str:
    """Return the line of the client's output that names the cause.

    A Python script that fails prints its own error first; then the client prints that Python failed.
    """
    script, aborted, _ = output.partition("org.apache.flink.client.program.ProgramAbortException")
    if "Traceback (most recent call last)" in script:
        return cause_line(script)
    printed = [line for line in script.splitlines() if line.strip()]
    if aborted and printed:
        return printed[-1]  # the script ended itself with a message
    failure = output.partition("The program finished with the following exception")[2]
    lines = [line for line in (failure or output).splitlines() if line.strip(" :-")]
    return cause_line("\n".join(lines)) or "no output"
