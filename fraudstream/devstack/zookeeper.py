"""ZooKeeper of the local stack, for Flink's high availability."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from string import Template

from fraudstream.devstack.flink_home import distribution
from fraudstream.system.environment import process_environment
from fraudstream.system.folders import StateFolder, package_file
from fraudstream.system.java import Java
from fraudstream.system.ports import LOOPBACK, await_free, free_port
from fraudstream.system.processes import OwnedProcess, spawn
from fraudstream.system.run_state import RunState

NAME = "zookeeper"
HEAP_MB = 64
MAIN = "org.apache.flink.shaded.zookeeper3.org.apache.zookeeper.server.ZooKeeperServerMain"
TEMPLATE = package_file("fraudstream.devstack", "templates") / "zoo.cfg"


@dataclass(frozen=True, kw_only=True)
class ZooKeeper:
    """ZooKeeper of the embedded cluster: records jobs and checkpoints, so that they survive the JobManager.

    Runs from Flink's own jar, so nothing else is installed.

    Parameters
    ----------
    folder
        State folder: settings and data.
    """

    folder: StateFolder
    java: Java

    @property
    def config(self) -> Path:
        """Its settings."""
        return self.folder.high_availability / "zoo.cfg"

    @property
    def address(self) -> str | None:
        """`host:port` of the node that runs, or died; None if it was stopped or never started."""
        if not self.config.exists():
            return None
        found = re.search(r"^clientPort=(\d+)$", self.config.read_text(), re.MULTILINE)
        return f"{LOOPBACK}:{found.group(1)}" if found else None

    def start(self, run: RunState) -> OwnedProcess:
        """Start the node without waiting for it, at its previous address if it died."""
        known = self.address
        port = int(known.rsplit(":", 1)[1]) if known else free_port()
        if known:
            await_free(port, f"ZooKeeper of {self.folder.root}")
        data = self.folder.high_availability / "zookeeper"
        data.mkdir(parents=True, exist_ok=True)
        self.config.write_text(Template(TEMPLATE.read_text()).substitute(port=port, data=data))
        command = [str(self.java.executable), f"-Xmx{HEAP_MB}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        command += ["-cp", self._classpath(), MAIN, str(self.config)]
        log = self.folder.logs / f"{NAME}.log"
        log.unlink(missing_ok=True)
        env = process_environment(self.java)
        return run.start(lambda: spawn(NAME, command, log=log, env=env, cwd=self.folder.high_availability))

    def _classpath(self) -> str:
        library = distribution() / "lib"
        jars = [*library.glob("flink-dist-*.jar"), *library.glob("log4j-*.jar")]
        return os.pathsep.join(str(jar) for jar in jars)


def forget_jobs(folder: StateFolder) -> None:
    """Delete the records of ZooKeeper and JobManager: no job resumes at the next start. Checkpoints are kept."""
    shutil.rmtree(folder.high_availability, ignore_errors=True)
