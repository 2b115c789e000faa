"""Standalone Flink cluster of the local stack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from fraudstream.devstack.flink_home import FlinkHome, cluster_settings
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.devstack.zookeeper import NAME as ZOOKEEPER
from fraudstream.devstack.zookeeper import ZooKeeper, forget_jobs
from fraudstream.system.deadline import wait_until
from fraudstream.system.environment import process_environment
from fraudstream.system.failures import RuntimeFailure, tail
from fraudstream.system.folders import StateFolder
from fraudstream.system.java import Java
from fraudstream.system.ports import LOOPBACK, await_free, choose_port, free_port, is_open
from fraudstream.system.processes import OwnedProcess, spawn
from fraudstream.system.run_state import RunState

PREFERRED_PORT = 8081
READY_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A standalone Flink cluster on loopback: one JobManager, TaskManagers of one slot each.

    Parameters
    ----------
    folder
        State folder: distribution, settings, logs and checkpoints.
    connectors
        Jars for its `lib/`.
    plugins
        Jars of further plugins.
    rest_port
        Configured port; None picks one (8081 if free).
    state_backend
        State backend of the jobs; decides the memory layout.
    high_availability
        Whether to run ZooKeeper, so that jobs survive their JobManager.
    config
        Flink settings that override ours.
    """

    folder: StateFolder
    java: Java
    connectors: tuple[Path, ...]
    plugins: tuple[Path, ...] = ()
    rest_port: int | None = None
    state_backend: str = "hashmap"
    high_availability: bool = True
    config: Mapping[str, str] = field(default_factory=dict)

    @property
    def home(self) -> FlinkHome:
        """Distribution that the processes run from."""
        return FlinkHome(folder=self.folder, connectors=self.connectors, plugins=self.plugins)

    def start(self, run: RunState, *, taskmanagers: int) -> None:
        """Start what is missing without waiting for it; the REST address is recorded in `run`.

        Dead processes restart at their previous addresses, and the JobManager resumes its jobs from their last
        checkpoints. Without high availability it has no record of them, and its TaskManagers restart with it.
        """
        if self.high_availability:
            self._start_zookeeper(run)
        if not run.running("jobmanager"):
            if not self.high_availability:
                run.stop(("jobmanager", "taskmanager"))
            self._start_jobmanager(run)
        recorded = sum(process.name.startswith("taskmanager") for process in run.processes)  # including dead ones
        run.forget_dead("taskmanager")
        for _ in range(max(taskmanagers, recorded) - len(run.running("taskmanager"))):
            self.add_taskmanager(run)

    def _start_zookeeper(self, run: RunState) -> None:
        if run.rest_url is None:
            forget_jobs(self.folder)  # of a cluster that was stopped deliberately
        if not run.running(ZOOKEEPER):
            run.forget_dead(ZOOKEEPER)
            ZooKeeper(folder=self.folder.create(), java=self.java).start(run)

    def _start_jobmanager(self, run: RunState) -> None:
        run.forget_dead("jobmanager")
        known = self.home.settings() if run.rest_url else {}
        if known:
            port, rpc_port = int(known["rest.port"]), int(known["jobmanager.rpc.port"])
            for needed in (port, rpc_port):
                await_free(needed, f"the JobManager of {self.folder.root}")
        else:
            port = choose_port(configured=self.rest_port, preferred=PREFERRED_PORT, setting="flink.rest_port")
            rpc_port = free_port()
        settings = cluster_settings(
            self.folder,
            rest_port=port,
            rpc_port=rpc_port,
            state_backend=self.state_backend,
            zookeeper=ZooKeeper(folder=self.folder, java=self.java).address if self.high_availability else None,
            extra=self.config,
        )
        self.home.create().configure(settings)
        self._start("jobmanager", "jobmanager.sh", run)
        run.rest_url = f"http://{LOOPBACK}:{port}"
        run.save()

    def add_taskmanager(self, run: RunState) -> OwnedProcess:
        """Start one more TaskManager, under the lowest number that is not in use."""
        used = {process.name for process in run.running("taskmanager-")}
        number = next(n for n in range(1, len(used) + 2) if f"taskmanager-{n}" not in used)
        name = f"taskmanager-{number}"
        run.processes = [p for p in run.processes if p.name != name]  # a dead one of the same name
        return self._start(name, "taskmanager.sh", run)

    def _start(self, name: str, script: str, run: RunState) -> OwnedProcess:
        for old in self.folder.logs.glob(f"*{name}*"):
            old.unlink()
        env = process_environment(self.java) | {k: str(v) for k, v in self.home.environment(name).items()}
        command = [str(self.home.root / "bin" / script), "start-foreground"]
        log = self.folder.logs / f"{name}.out"
        return run.start(lambda: spawn(name, command, log=log, env=env, cwd=self.folder.temporary))


def await_cluster(run: RunState, folder: StateFolder, *, seconds: float = READY_SECONDS) -> None:
    """Wait until the cluster in `run` answers and all its TaskManagers have registered.

    Raises
    ------
    RuntimeFailure
        When a process ended or the time ran out, with the end of the log.
    """
    parts = [p for p in run.processes if p.name.startswith((ZOOKEEPER, "jobmanager", "taskmanager"))]
    workers = [process for process in parts if process.name.startswith("taskmanager")]
    rest = FlinkRest(url=run.rest_url or "")

    def complete() -> bool:
        for process in parts:
            if not process.alive():
                raise RuntimeFailure(
                    f"{process.name} ended while it started; the end of its log:\n{_log(process, folder)}"
                )
        if not (is_open(LOOPBACK, rest.port) and rest.reachable()):
            return False
        # Compare ports: a killed TaskManager stays listed for a while, so a count could include it.
        registered = {row["path"].split("@")[1].split("/")[0] for row in rest.taskmanagers() if row["slotsNumber"]}
        return all(registered & _listening(process) for process in workers)

    if not wait_until(complete, seconds=seconds, interval_s=0.2):
        raise RuntimeFailure(
            f"the Flink cluster at {run.rest_url} was not complete within {seconds:.0f} s; "
            f"the end of {parts[-1].name}'s log:\n{_log(parts[-1], folder)}"
        )


def _listening(process: OwnedProcess) -> set[str]:
    try:
        entries = psutil.Process(process.pid).net_connections("tcp")
    except psutil.NoSuchProcess:
        return set()
    return {f"{LOOPBACK}:{entry.laddr.port}" for entry in entries if entry.status == psutil.CONN_LISTEN}


def _log(process: OwnedProcess, folder: StateFolder) -> str:
    logs = sorted(folder.logs.glob(f"flink-{process.name}-*.log"))
    return "\n".join([tail(Path(process.log)), *(tail(log) for log in logs)])
