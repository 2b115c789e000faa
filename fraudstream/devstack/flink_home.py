"""Flink distribution and settings for local clusters and clients."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson

from fraudstream.devstack.flink_s3 import s3_settings
from fraudstream.settings.login import keep_secret
from fraudstream.system.failures import NotReady
from fraudstream.system.folders import StateFolder, package_file
from fraudstream.system.ports import LOOPBACK

TEMPLATES = package_file("fraudstream.devstack", "templates")
TASKMANAGER_MEMORY = "2048m"
JOBMANAGER_MEMORY = "1024m"

_OPENED = ["lang", "net", "io", "nio", "lang.reflect", "text", "time", "util", "util.concurrent"]
QUICK_COMPILER = "-XX:TieredStopAtLevel=1"
GARBAGE_COLLECTOR = "-XX:G1HeapRegionSize=4m -XX:-G1UseAdaptiveIHOP -XX:InitiatingHeapOccupancyPercent=70"
"""With regions of 1 MB, G1's default for this heap, a micro-batch of a backlog is a humongous object: more than half a
region. And G1 marks continuously once state fills a third of the heap: that took 8 % of the TaskManager's CPU time, so
marking starts later."""
JAVA_OPTIONS = " ".join(
    [
        "--add-exports=java.rmi/sun.rmi.registry=ALL-UNNAMED",
        "--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED",
        *(f"--add-opens=java.base/java.{name}=ALL-UNNAMED" for name in _OPENED),
        "--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED",
        "--add-opens=java.base/java.util.concurrent.locks=ALL-UNNAMED",
        "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
    ]
)
"""Flink's own defaults without the `jdk.compiler` lines: the bundled Java has no compiler."""
FLOATING_BUFFERS = "taskmanager.network.memory.floating-buffers-per-gate"
CHANNEL_BUFFERS = "taskmanager.network.memory.max-buffers-per-channel"
BUFFERS = {FLOATING_BUFFERS: "1", CHANNEL_BUFFERS: "3"}
"""Batches wait in the buffers between operators: ten of 32 kB, the default, hold half a second of them."""
ALIGNMENT_BUFFER = "pipeline.watermark-alignment.buffer-size"
CLIENT_SETTINGS = {"env.java.opts.all": JAVA_OPTIONS, "env.java.opts.client": QUICK_COMPILER}
"""Options of Flink's client on any cluster: it builds the job graph by reflection."""


def distribution() -> Path:
    """Find the Flink distribution inside the installed apache-flink package, without importing it."""
    spec = importlib.util.find_spec("pyflink")
    if spec is None or not spec.submodule_search_locations:
        raise NotReady(
            "expected the package apache-flink, found none. Install fraudstream[job], or run `make setup` in a clone"
        )
    return Path(spec.submodule_search_locations[0])


@dataclass(frozen=True, kw_only=True)
class FlinkHome:
    """Flink distribution for this stack: links to the installed one, the connector jar, and settings.

    The installed one can't be used directly: it has no Kafka connector, a session cluster needs the
    Python jar in `lib/`, and its settings would be shared by all users of that environment.

    Parameters
    ----------
    folder
        State folder to create it in.
    connectors
        Jars to add to `lib/`.
    plugins
        Jars of further plugins.
    """

    folder: StateFolder
    connectors: tuple[Path, ...]
    plugins: tuple[Path, ...] = ()

    @property
    def root(self) -> Path:
        """Value of `FLINK_HOME`."""
        return self.folder.flink_home

    @property
    def conf(self) -> Path:
        """Value of `FLINK_CONF_DIR`."""
        return self.root / "conf"

    def create(self) -> FlinkHome:
        """Create or update the folder and return self; the settings stay unchanged."""
        source = distribution()
        self.root.mkdir(parents=True, exist_ok=True)
        self._copy(source / "bin")  # the scripts resolve links to find their home
        self._copy(source / "opt")  # the client does not follow links when searching for the Python jar
        self._lay_plugins(source / "plugins")
        library = self.root / "lib"
        library.mkdir(exist_ok=True)
        jars = [*(source / "lib").glob("*.jar"), *(source / "opt").glob("flink-python-*.jar"), *self.connectors]
        # Processes may be running from it: keep files that are up to date.
        for old in library.iterdir():
            if old.name not in {jar.name for jar in jars}:
                old.unlink()
        for jar in jars:
            _link(library / jar.name, jar)
        return self

    def configure(self, settings: Mapping[str, str]) -> None:
        """Write `conf/`: flat keys in `config.yaml` and the log settings."""
        self.conf.mkdir(parents=True, exist_ok=True)
        lines = [f"{key}: {orjson.dumps(value).decode()}" for key, value in sorted(settings.items())]
        text = "# Written at every start: change [flink.config] of fraudstream.toml instead.\n"
        keep_secret(self.conf / "config.yaml", text + "\n".join(lines) + "\n")
        shutil.copy(TEMPLATES / "log4j-console.properties", self.conf)
        shutil.copy(distribution() / "conf" / "log4j-cli.properties", self.conf)

    def settings(self) -> dict[str, str]:
        """Read the settings that `configure` wrote last; empty if it was never called."""
        file = self.conf / "config.yaml"
        lines = file.read_text().splitlines()[1:] if file.exists() else []
        return {key: str(orjson.loads(value)) for key, _, value in (line.partition(": ") for line in lines)}

    def environment(self, ident: str) -> dict[str, str | Path]:
        """Variables that Flink's scripts read; `ident` becomes part of the log's name."""
        return {
            "FLINK_HOME": self.root,
            "FLINK_CONF_DIR": self.conf,
            "FLINK_LOG_DIR": self.folder.logs,
            "FLINK_PID_DIR": self.folder.run / "flink" / ident,
            "FLINK_IDENT_STRING": ident,
            "HOSTNAME": LOOPBACK,
        }

    def _lay_plugins(self, source: Path) -> None:
        """Link the distribution's plugins, and give each further one a folder of its own: Flink loads it apart."""
        folder = self.root / "plugins"
        if folder.is_symlink():  # of a former version
            folder.unlink()
        folder.mkdir(exist_ok=True)
        for plugin in source.iterdir():
            _link(folder / plugin.name, plugin)
        for jar in self.plugins:
            (folder / jar.stem).mkdir(exist_ok=True)
            _link(folder / jar.stem / jar.name, jar)

    def _copy(self, source: Path) -> None:
        """Copy a folder of the distribution, unless an equal copy exists; replace one of another release."""
        target = self.root / source.name
        wanted = {path.name: path.stat().st_size for path in source.iterdir()}
        if not target.is_dir() or wanted != {path.name: path.stat().st_size for path in target.iterdir()}:
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)


def cluster_settings(
    folder: StateFolder,
    *,
    rest_port: int,
    rpc_port: int,
    state_backend: str,
    zookeeper: str | None,
    extra: Mapping[str, str],
) -> dict[str, str]:
    """Build the settings of a cluster on loopback for jobs with this state backend.

    With ZooKeeper, jobs survive the JobManager. `extra` (the user's `flink.config`) takes precedence.
    """
    own = {
        "jobmanager.rpc.address": LOOPBACK,
        "jobmanager.rpc.port": str(rpc_port),
        "jobmanager.bind-host": LOOPBACK,
        "jobmanager.memory.process.size": JOBMANAGER_MEMORY,
        "taskmanager.host": LOOPBACK,
        "taskmanager.bind-host": LOOPBACK,
        "taskmanager.numberOfTaskSlots": "1",  # one embedded interpreter per process: scale by TaskManagers
        "taskmanager.memory.process.size": TASKMANAGER_MEMORY,
        # The heap holds the state, with half of it free for the garbage collector. RocksDB uses managed memory.
        "taskmanager.memory.managed.fraction": "0.4" if state_backend == "rocksdb" else "0.1",
        "rest.address": LOOPBACK,
        "rest.bind-address": LOOPBACK,
        "rest.port": str(rest_port),
        "rest.bind-port": str(rest_port),
        # A TaskManager that starts before its JobManager retries soon.
        "cluster.registration.error-delay": "500 ms",
        # Two failed heartbeats detect a dead process: within 4 s instead of 20 s.
        "heartbeat.interval": "2 s",
        # On a machine with more work than cores a task takes longer than 10 s to start, which would restart the job.
        "pekko.ask.timeout": "30 s",
        **BUFFERS,
        # Otherwise a partition that is too far ahead is paused three comparisons later.
        ALIGNMENT_BUFFER: "0",
        # Flink answers about a job from a copy of this age, so each wait for a job to run or to end lasts that long.
        "web.refresh-interval": "500 ms",
        "env.java.opts.all": JAVA_OPTIONS,
        # Short-lived work: C2 costs more than it gains. TaskManagers keep C2: one run each gave 30,800 events/s
        # without it and 39,400 with it.
        "env.java.opts.jobmanager": QUICK_COMPILER,
        "env.java.opts.client": QUICK_COMPILER,
        "env.java.opts.taskmanager": GARBAGE_COLLECTOR,
        "io.tmp.dirs": str(folder.temporary),
        "execution.checkpointing.dir": folder.checkpoints.as_uri(),
        "execution.checkpointing.savepoint-dir": folder.savepoints.as_uri(),
        "python.executable": sys.executable,
        "python.client.executable": sys.executable,
    }
    own |= _high_availability(folder, rpc_port, zookeeper) if zookeeper else {}
    return own | s3_settings(extra) | dict(extra)


def _high_availability(folder: StateFolder, rpc_port: int, zookeeper: str) -> dict[str, str]:
    client = "high-availability.zookeeper.client"
    return {
        "high-availability.type": "zookeeper",
        "high-availability.zookeeper.quorum": zookeeper,
        "high-availability.storageDir": (folder.high_availability / "jobs").as_uri(),
        # ZooKeeper resolves the JobManager; a stable port is only for readability.
        "high-availability.jobmanager.port": str(rpc_port),
        # A new JobManager waits this long for the lease of a killed one. A JobManager that hangs longer loses its
        # lease and restarts its jobs from the last checkpoint.
        f"{client}.session-timeout": "8 s",
        f"{client}.connection-timeout": "5 s",
        f"{client}.retry-wait": "500 ms",
        f"{client}.max-retry-attempts": "10",
        # A ZooKeeper that returns within the session interrupts no job.
        f"{client}.tolerate-suspended-connections": "true",
    }


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() or link.exists():
        if link.resolve() == target.resolve():
            return
        link.unlink()
    link.symlink_to(target)
