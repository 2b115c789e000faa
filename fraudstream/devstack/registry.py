"""Apicurio schema registry of the local stack."""

import http.client
import tarfile
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from fraudstream.system.deadline import wait_until
from fraudstream.system.environment import process_environment
from fraudstream.system.failures import RuntimeFailure, tail
from fraudstream.system.folders import StateFolder
from fraudstream.system.java import Java
from fraudstream.system.ports import LOOPBACK, choose_port
from fraudstream.system.processes import OwnedProcess, spawn
from fraudstream.system.run_state import RunState

CONFLUENT_API = "/apis/ccompat/v7"
PREFERRED_PORT = 8082
READY_SECONDS = 90.0
HEAP_MB = 256


@dataclass(frozen=True, kw_only=True)
class Registry:
    """Configuration of an Apicurio schema registry on loopback.

    Parameters
    ----------
    folder
        State folder: schemas and log.
    program
        Folder returned by `unpack_registry`.
    port
        Configured port; None picks one (8082 if free).
    """

    folder: StateFolder
    java: Java
    program: Path
    port: int | None = None

    def start(self, run: RunState) -> OwnedProcess:
        """Start it without waiting for it; its address is recorded in `run`."""
        port = choose_port(configured=self.port, preferred=PREFERRED_PORT, setting="kafka.registry_port")
        (jar,) = self.program.glob("*-runner.jar")
        home = self.folder.registry
        home.mkdir(parents=True, exist_ok=True)
        options = {
            "java.awt.headless": "true",
            "java.util.logging.manager": "org.jboss.logmanager.LogManager",
            "quarkus.http.host": LOOPBACK,
            "quarkus.http.port": str(port),
            "quarkus.http.access-log.enabled": "false",
            "apicurio.storage.kind": "sql",
            "apicurio.storage.sql.kind": "h2",
            "apicurio.datasource.url": f"jdbc:h2:file:{home / 'schemas'};NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE",
        }
        command: list[str | Path] = [
            self.java.executable,
            *(f"-Xmx{HEAP_MB}m", "-XX:TieredStopAtLevel=1"),
            *(f"-D{name}={value}" for name, value in options.items()),
            *("-jar", jar),
        ]
        log = self.folder.logs / "registry.log"
        log.unlink(missing_ok=True)
        env = process_environment(self.java)
        started = run.start(lambda: spawn("registry", command, log=log, env=env, cwd=home))
        run.registry_url = f"http://{LOOPBACK}:{port}{CONFLUENT_API}"
        run.save()
        return started


def unpack_registry(archive: Path) -> Path:
    """Unpack the registry next to its archive, unless done before, and return its folder."""
    program = archive.with_name(archive.name.removesuffix(".tar.gz"))
    if program.is_dir():
        return program
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=archive.parent) as folder:
        draft = Path(folder) / program.name
        with tarfile.open(archive) as members:
            members.extractall(draft, filter="data")
        try:
            draft.rename(program)  # atomically
        except OSError:
            if not program.is_dir():  # another command was faster
                raise
    return program


def await_registry(process: OwnedProcess, url: str, *, seconds: float = READY_SECONDS) -> None:
    """Wait until the started registry answers.

    Raises
    ------
    RuntimeFailure
        The registry exited, or timed out; the message has the end of its log.
    """

    def answers() -> bool:
        if not process.alive():
            raise RuntimeFailure(
                f"the schema registry ended while it started; the end of {process.log}:\n{tail(Path(process.log))}"
            )
        return answers_at(url)

    if not wait_until(answers, seconds=seconds, interval_s=0.2):
        raise RuntimeFailure(
            f"the schema registry did not answer at {url} within {seconds:.0f} s; "
            f"the end of {process.log}:\n{tail(Path(process.log))}"
        )


def answers_at(url: str, *, timeout_s: float = 2.0) -> bool:
    """Return whether a registry answers at this address."""
    try:
        with urllib.request.urlopen(f"{url}/subjects", timeout=timeout_s) as answer:  # noqa: S310 (ours, on loopback)
            return bool(answer.status == 200)
    except (OSError, ValueError, http.client.HTTPException):
        return False
