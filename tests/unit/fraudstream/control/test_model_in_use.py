"""A running job of an earlier version reads its model by the path that it was submitted with."""

import json
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from fraudstream.control.model_in_use import live_jobs, require_not_read
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.settings.settings import Settings, load_settings
from fraudstream.system.run_state import RunState
from schemas.errors import UserError
from tests.json_handler import JsonHandler
from tests.served import served


class Flink:
    """Answers of Flink's REST interface about jobs: id to name, state and settings file."""

    def __init__(self) -> None:
        self.jobs: dict[str, tuple[str, str, Path | None]] = {}

    def told(self, path: str) -> dict[str, object]:
        if path == "/jobs/overview":
            return {
                "jobs": [
                    {"jid": key, "name": name, "state": state, "start-time": 0}
                    for key, (name, state, _) in self.jobs.items()
                ]
            }
        _, _, file = self.jobs[path.split("/")[2]]
        told = {} if file is None else {"fraudstream.config": str(file)}
        return {"execution-config": {"user-config": told}}


@pytest.fixture
def flink(tmp_path) -> Iterator[tuple[Flink, Settings]]:
    flink = Flink()

    class Handler(JsonHandler):
        def do_GET(self) -> None:  # noqa: N802 (named by http.server)
            self.answer(200, flink.told(self.path))

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        yield flink, load_settings(paths={"state": tmp_path / "state"}, flink={"rest_url": url})


def settings_file(folder: Path, model: Path, **changes: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "score-transactions-20260101-000000.json"
    file.write_text(json.dumps({"model": str(model), "a setting of then": 1, **changes}))
    return file


@pytest.mark.parametrize("state", ["RUNNING", "RESTARTING", "CREATED"])
@pytest.mark.parametrize("name", ["score-transactions", "score-transactions-green"])
def test_folder_that_a_live_job_reads_by_its_path_is_not_written(flink, tmp_path, state, name):
    told, settings = flink
    told.jobs["f00d"] = name, state, settings_file(tmp_path, tmp_path / "model")
    with pytest.raises(UserError, match=r"which a running job reads by its path \(f00d.*--out"):
        require_not_read(settings, tmp_path / "sub" / ".." / "model")
    require_not_read(settings, tmp_path / "another")


@pytest.mark.parametrize(
    ("name", "state", "changes"),
    [
        ("score-transactions", "RUNNING", {"model_sha256": "0" * 64}),
        ("score-transactions", "CANCELED", {}),
        ("score-transactions", "FINISHED", {}),
        ("somebody else's", "RUNNING", {}),
    ],
)
def test_jobs_with_a_copy_jobs_that_ended_and_other_jobs_hold_nothing(flink, tmp_path, name, state, changes):
    told, settings = flink
    told.jobs["f00d"] = name, state, settings_file(tmp_path, tmp_path / "model", **changes)
    require_not_read(settings, tmp_path / "model")


def test_job_whose_settings_can_not_be_read_is_listed_as_such(flink, tmp_path):
    told, settings = flink
    told.jobs |= {"a": ("score-transactions", "RUNNING", None), "b": ("score-transactions", "RUNNING", tmp_path / "no")}
    assert [job.config for job in live_jobs(FlinkRest(url=str(settings.flink.rest_url)))] == [None, None]
    require_not_read(settings, tmp_path / "model")


def test_cluster_that_does_not_answer_may_come_back_with_its_jobs(tmp_path):
    settings = load_settings(paths={"state": tmp_path / "state"})
    require_not_read(settings, tmp_path / "model")
    run = RunState.load(settings.state)
    run.rest_url = "http://127.0.0.1:1"
    run.save()
    require_not_read(settings, tmp_path / "model")
    settings_file(settings.state.jobs, tmp_path / "model")
    with pytest.raises(UserError, match="does not answer"):
        require_not_read(settings, tmp_path / "model")


def test_train_refuses_before_it_reads_the_history(flink, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from fraudstream.cli import main as cli

    told, settings = flink
    told.jobs["f00d"] = "score-transactions", "RUNNING", settings_file(tmp_path, tmp_path / "model")
    monkeypatch.setenv("FRAUDSTREAM_FLINK__REST_URL", str(settings.flink.rest_url))
    monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", str(tmp_path / "state"))
    monkeypatch.setenv("FRAUDSTREAM_MODEL__ARTIFACT", str(tmp_path / "model"))
    done = CliRunner().invoke(cli.app, ["train", "--history", str(tmp_path / "none.parquet")])
    assert isinstance(done.exception, UserError)
    assert "f00d" in str(done.exception)
