"""The embedded broker and cluster as real processes. Each test has separate ports and folders."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer

from fraudstream.control.flink_run import FlinkRun
from fraudstream.control.submit import submit
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.devstack.stack import Services, cluster, embedded, find_services, start, stop
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.transaction_limit import require_transaction_time, transaction_limit_ms, transaction_time_ms
from fraudstream.settings.settings import Settings, load_settings
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import NotReady, RuntimeFailure
from fraudstream.system.java import find_java
from fraudstream.system.ports import LOOPBACK
from fraudstream.system.run_state import RunState
from schemas.errors import UserError
from tests.patience import PATIENCE_S
from tests.unit.training.histories import artifact_folder

pytestmark = pytest.mark.integration

SMOKE_JOB = Path(__file__).parent / "smoke_job.py"


def living(folder: Path) -> list[psutil.Process]:
    """List the processes whose command line or working folder is in `folder`."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd", "status"]):
        words = [*(process.info["cmdline"] or ()), process.info["cwd"] or ""]
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(str(folder) in word for word in words):
            found.append(process)
    return [process for process in found if process.pid != os.getpid()]


def fresh(folder: Path, **sections: dict[str, object]) -> Settings:
    return load_settings(paths={"state": folder / "state"}, **sections)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return fresh(tmp_path_factory.mktemp("services"), model={"artifact": artifact_folder()})


@pytest.fixture(scope="module")
def services(settings: Settings) -> Iterator[Services]:
    with embedded(settings) as running:
        yield running
    assert living(settings.state.root) == []


def read_lines(services: Services, topic: str, count: int) -> list[str]:
    consumer = Consumer(
        {"bootstrap.servers": services.broker.bootstrap_servers, "group.id": "test", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    lines: list[str] = []

    def complete() -> bool:
        message = consumer.poll(0.2)
        if message is not None and not message.error():
            lines.append((message.value() or b"").decode())
        return len(lines) == count

    try:
        assert wait_until(complete, seconds=PATIENCE_S, interval_s=0), lines
    finally:
        consumer.close()
    return lines


@pytest.mark.parametrize(("mode", "topic"), [("thread", "alerts"), ("process", "drift")])
def test_python_job_runs_and_writes_to_kafka(settings, services, mode, topic):
    name = getattr(settings.topics, topic)
    job = FlinkRun(
        home=cluster(settings).home,
        java=find_java(),
        rest_url=services.rest_url,
        script=SMOKE_JOB,
        arguments=[services.broker.bootstrap_servers, name, mode],
    )
    assert len(job.submit()) == 32
    lines = sorted(line.split() for line in read_lines(services, name, 3))
    (taskmanager,) = RunState.load(settings.state).running("taskmanager")
    assert [line[0] for line in lines] == ["1", "2", "3"]
    assert {line[2] for line in lines} == {settings.topics.alerts}  # the project's package was imported there
    assert {int(line[1]) == taskmanager.pid for line in lines} == {mode == "thread"}


@pytest.mark.usefixtures("services")
def test_everything_listens_on_loopback_only(settings):
    for process in RunState.load(settings.state).running():
        for entry in psutil.Process(process.pid).net_connections("tcp"):
            if entry.status == psutil.CONN_LISTEN:
                assert entry.laddr.ip.removeprefix("::ffff:") == LOOPBACK, (process.name, entry)


@pytest.mark.usefixtures("services")
def test_every_process_runs_on_the_chosen_java(settings):
    for process in RunState.load(settings.state).running():
        assert Path(psutil.Process(process.pid).exe()) == find_java().executable.resolve(), process.name


def test_transaction_timeout_that_the_broker_refuses_is_reported_beforehand(settings, services):
    def with_time(seconds: float | None, guarantee: str = "exactly-once") -> Broker:
        job = settings.job.model_copy(update={"guarantee": guarantee, "transaction_timeout_s": seconds})
        return services.with_settings(job=job).broker

    assert transaction_limit_ms(services.broker) == 900_000
    assert transaction_time_ms(with_time(7)) == 7_000
    assert transaction_time_ms(with_time(None)) == 900_000
    require_transaction_time(with_time(900))
    require_transaction_time(with_time(901, "at-least-once"))
    with pytest.raises(UserError, match=r"at most 900, the brokers' transaction.max.timeout.ms, got 901: lower it"):
        require_transaction_time(with_time(901))


def test_second_start_keeps_running_processes_and_adds_taskmanagers(settings, services):
    before = {process.pid for process in RunState.load(settings.state).running()}
    assert start(settings, taskmanagers=2) == services
    after = {process.pid for process in RunState.load(settings.state).running()}
    assert before < after
    assert len(after) == len(before) + 1


def test_killed_taskmanager_can_be_replaced(settings, services):
    run = RunState.load(settings.state)
    victim = run.running("taskmanager")[0]
    count = len(run.running("taskmanager"))
    os.kill(victim.pid, signal.SIGKILL)
    assert wait_until(lambda: not victim.alive(), seconds=PATIENCE_S)
    assert start(settings) == services
    assert len(RunState.load(settings.state).running("taskmanager")) == count
    assert services.rest.overview()["slots-total"] >= count


def test_second_services_get_other_ports_than_the_first(settings, services, tmp_path):
    with embedded(fresh(tmp_path)) as others:
        assert others.broker.bootstrap_servers != services.broker.bootstrap_servers
        assert others.rest_url != services.rest_url
    assert living(tmp_path) == []
    assert find_services(settings) == services


def states_of_jobs(rest: FlinkRest) -> dict[str, str]:
    try:
        return {job["jid"]: job["state"] for job in rest.jobs()}
    except (NotReady, RuntimeFailure):
        return {}  # it does not answer for its jobs yet


def test_up_after_a_crash_of_all_brings_the_job_back_and_after_down_does_not(settings, services):
    rest = services.rest
    job_id = submit(services).job_id

    for process in RunState.load(settings.state).running():
        os.kill(process.pid, signal.SIGKILL)
    assert wait_until(lambda: not RunState.load(settings.state).running(), seconds=PATIENCE_S)

    assert start(settings) == services, "each is where its clients look for it"
    assert wait_until(lambda: states_of_jobs(rest).get(job_id) == "RUNNING", seconds=PATIENCE_S), states_of_jobs(rest)
    assert any((settings.state.checkpoints / job_id).iterdir())

    stop(settings)
    again = start(settings)
    assert wait_until(lambda: FlinkRest(url=again.rest_url).reachable(), seconds=PATIENCE_S)
    assert FlinkRest(url=again.rest_url).jobs() == []
    assert (settings.state.checkpoints / job_id).is_dir(), "to start it again from by hand"


def test_failed_start_leaves_no_process(tmp_path):
    broken = fresh(tmp_path, flink={"config": {"taskmanager.memory.process.size": "1m"}})
    with pytest.raises(Exception, match="taskmanager-1 ended while it started"):
        start(broken)
    assert living(tmp_path) == []
    assert RunState.load(broken.state).processes == []


def test_start_on_a_configured_port_in_use_leaves_no_process(tmp_path):
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(UserError, match=rf"port {port} .*pid {os.getpid()}"):
            start(fresh(tmp_path, flink={"rest_port": port}))
    assert living(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_interrupted_up_leaves_no_process(tmp_path, number):
    env = os.environ | {"FRAUDSTREAM_PATHS__STATE": str(tmp_path / "state")}
    state = tmp_path / "state" / "run" / "state.json"
    up = subprocess.Popen([sys.executable, "-m", "fraudstream", "up"], cwd=tmp_path, env=env, stderr=subprocess.DEVNULL)
    assert wait_until(lambda: state.exists() and "taskmanager-1" in state.read_text(), seconds=PATIENCE_S)
    up.send_signal(number)
    assert up.wait(timeout=PATIENCE_S) == 130
    assert living(tmp_path) == []
    assert json.loads(state.read_text())["processes"] == []
