"""Blue-green switches that were interrupted."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudstream.control.bluegreen import BlueGreen
from fraudstream.devstack.stack import Services
from fraudstream.kafka.broker import Broker
from fraudstream.settings.settings import load_settings
from fraudstream.system.failures import RuntimeFailure
from tests.json_server import json_server
from tests.unit.jobs.job_configs import job_config

BLUE, GREEN, OTHER = "score-transactions", "score-transactions-green", "score-transactions-other"


class World:
    """Answers of a cluster, and an interrupted switch from blue to green."""

    def __init__(self, folder: Path, url: str) -> None:
        self.settings = load_settings(paths={"state": folder / "state"})
        self.jobs: dict[str, tuple[str, str]] = {}
        self.savepoint: dict[str, str] | None = None
        self.files = {name: str(self._file(name)) for name in (BLUE, GREEN, OTHER)}
        self.record = self.settings.state.root / "bluegreen.json"
        plan = {"leaving_job": "old", "leaving_file": self.files[BLUE], "coming_file": self.files[GREEN]}
        self.record.write_text(json.dumps(plan))
        services = Services(broker=Broker(self.settings, "127.0.0.1:1"), rest_url=url)
        self.bluegreen = BlueGreen(services)

    def _file(self, name: str) -> Path:
        file = self.settings.state.create().jobs / f"{name}.json"
        file.write_text(job_config(name=name).to_json())
        return file

    def answer(self, path: str) -> dict[str, object]:
        if path == "/jobs/overview":
            rows = [{"jid": jid, "name": name, "state": state} for jid, (name, state) in self.jobs.items()]
            return {"jobs": [{**row, "start-time": 0} for row in rows]}
        if path.endswith("/config"):
            file = self.files[self.jobs[path.split("/")[2]][0]]
            return {"execution-config": {"user-config": {"fraudstream.config": file}}}
        return {"counts": {"in_progress": 0}, "latest": {"savepoint": self.savepoint}}


@pytest.fixture
def world(tmp_path) -> Iterator[World]:
    with json_server(lambda path: made.answer(path)) as url:  # noqa: PLW0108 - it is made with the address
        made = World(tmp_path, url)
        yield made


def test_live_new_version_completes_the_switch_and_can_be_rolled_back(world):
    world.jobs = {"old": (BLUE, "FINISHED"), "new": (GREEN, "RUNNING")}
    assert world.bluegreen.resume() is None
    plan = world.bluegreen.plan()
    assert (plan.leaving_job, plan.previous_file) == (None, world.files[BLUE])


def test_job_that_did_not_stop_stays_recorded_as_it_may_still_stop(world):
    world.jobs = {"old": (BLUE, "RUNNING")}
    assert world.bluegreen.resume() is None
    assert world.bluegreen.plan().leaving_job == "old"


def test_manually_started_job_completes_the_switch(world):
    world.jobs = {"old": (BLUE, "FINISHED"), "another": (OTHER, "RUNNING")}
    assert world.bluegreen.resume() is None
    assert (world.bluegreen.plan().leaving_job, world.bluegreen.plan().previous_file) == (None, None)


@pytest.mark.parametrize("jobs", [{}, {"old": (BLUE, "CANCELED")}, {"old": (BLUE, "FAILED")}])
def test_message_without_a_savepoint_explains_how_to_continue_from_a_checkpoint(world, jobs):
    world.jobs, world.savepoint = jobs, {"external_path": "file:/of-an-earlier-time"}
    with pytest.raises(RuntimeFailure, match=r"no job is live.*--from-savepoint file:///checkpoints/old/chk-N"):
        world.bluegreen.resume()
    assert world.bluegreen.plan().leaving_job == "old", "the next call tries again"


def test_former_job_that_cannot_be_restored_yet_is_named_with_what_to_do(world):
    world.jobs, world.savepoint = {"old": (BLUE, "FINISHED")}, {"external_path": "file:/nowhere"}
    with pytest.raises(RuntimeFailure, match=r"put back from file:/nowhere, but: .*No job is live.*bluegreen resume"):
        world.bluegreen.resume()
    assert world.bluegreen.plan().leaving_job == "old"
