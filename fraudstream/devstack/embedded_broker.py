"""Kafka node that `up` starts on this machine."""

import base64
import os
import re
import subprocess
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from fraudstream.kafka.broker import reachable
from fraudstream.system.deadline import wait_until
from fraudstream.system.environment import process_environment
from fraudstream.system.failures import RuntimeFailure, tail
from fraudstream.system.folders import StateFolder, package_file
from fraudstream.system.java import Java
from fraudstream.system.ports import LOOPBACK, await_free, choose_port, free_port, is_open
from fraudstream.system.processes import OwnedProcess, spawn
from fraudstream.system.run_state import RunState

TEMPLATES = package_file("fraudstream.devstack", "templates")
PREFERRED_PORT = 9092
READY_SECONDS = 90.0
HEAP_MB = 512


@dataclass(frozen=True, kw_only=True)
class EmbeddedBroker:
    """Configuration of one Kafka node on loopback.

    Parameters
    ----------
    folder
        State folder: topics, settings and log.
    jars
        Class path.
    port
        Configured port; None picks one (9092 if free).
    """

    folder: StateFolder
    java: Java
    jars: Sequence[Path]
    port: int | None = None

    def start(self, run: RunState) -> OwnedProcess:
        """Start the node without waiting for it; its address is recorded in `run`.

        A dead node restarts at its previous address: its clients, including the job, know no other.
        """
        ports = _ports_of(self._properties) if run.bootstrap_servers else None
        if ports:
            await_free(ports[0], f"the broker of {self.folder.root}")
        else:
            port = choose_port(configured=self.port, preferred=PREFERRED_PORT, setting="kafka.port")
            ports = port, free_port()
        properties = self._write_settings(*ports)
        self._format(properties)
        command = [
            # C1 only: on a small machine, C2 takes half a core from the job for a minute.
            *self._java(f"-Xms{HEAP_MB}m", f"-Xmx{HEAP_MB}m", "-XX:+UseG1GC", "-XX:TieredStopAtLevel=1"),
            "kafka.Kafka",
            str(properties),
        ]
        log = self.folder.logs / "broker.log"
        log.unlink(missing_ok=True)
        env = process_environment(self.java)
        started = run.start(lambda: spawn("broker", command, log=log, env=env, cwd=self.folder.kafka))
        run.bootstrap_servers = f"{LOOPBACK}:{ports[0]}"
        run.save()
        return started

    @property
    def _properties(self) -> Path:
        return self.folder.kafka / "server.properties"

    def _write_settings(self, port: int, controller_port: int) -> Path:
        text = Template((TEMPLATES / "server.properties").read_text()).substitute(
            port=port, controller_port=controller_port, data=self.folder.kafka / "data"
        )
        self._properties.write_text(text)
        return self._properties

    def _format(self, properties: Path) -> None:
        """Format an empty data folder; leave one with topics unchanged."""
        if (self.folder.kafka / "data" / "meta.properties").exists():
            return
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        # As one argument: one id in 64 begins with a dash, and would be parsed as an option.
        arguments = ["format", f"--cluster-id={cluster_id}", "-c", str(properties), "--standalone"]
        command = [*self._java("-XX:TieredStopAtLevel=1"), "kafka.tools.StorageTool", *arguments]
        done = subprocess.run(  # noqa: S603 (the command is built by us)
            command, capture_output=True, text=True, timeout=60, check=False, env=process_environment(self.java)
        )
        if done.returncode != 0:
            raise RuntimeFailure(
                f"expected Kafka to format {self.folder.kafka}, but: {(done.stderr + done.stdout)[-800:]}"
            )

    def _java(self, *options: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={TEMPLATES / 'kafka-log4j2.properties'}"
        classpath = os.pathsep.join(str(jar) for jar in self.jars)
        return [str(self.java.executable), *options, "-Djava.awt.headless=true", logging, "-cp", classpath]


def _ports_of(properties: Path) -> tuple[int, int] | None:
    """Return the ports of broker and controller from the written settings; None without any."""
    text = properties.read_text() if properties.exists() else ""
    found = re.search(r"^listeners=PLAINTEXT://[^:]+:(\d+),CONTROLLER://[^:]+:(\d+)$", text, re.MULTILINE)
    return (int(found.group(1)), int(found.group(2))) if found else None


def await_broker(process: OwnedProcess, bootstrap_servers: str, *, seconds: float = READY_SECONDS) -> None:
    """Wait until the started broker answers.

    Raises
    ------
    RuntimeFailure
        The broker exited, or timed out; the message has the end of its log.
    """
    host, port = bootstrap_servers.rsplit(":", 1)

    def answers() -> bool:
        if not process.alive():
            raise RuntimeFailure(
                f"the broker ended while it started; the end of {process.log}:\n{tail(Path(process.log))}"
            )
        return is_open(host, int(port)) and reachable(bootstrap_servers, {})

    if not wait_until(answers, seconds=seconds):
        raise RuntimeFailure(
            f"the broker did not answer at {bootstrap_servers} within {seconds:.0f} s; "
            f"the end of {process.log}:\n{tail(Path(process.log))}"
        )
