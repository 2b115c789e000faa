"""A running job of an earlier version reads its model by the submitted path."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudstream.control.model_in_use import live_jobs, require_not_read
from fraudstream.devstack.flink_rest import FlinkRest
from fraudstream.settings.settings import Settings, load_settings
from fraudstream.system.run_state import RunState
from schemas.errors import UserError
from tests.json_server import json_server


class Flink:
    """Answers of Flink's REST interface about jobs: id to name, state and settings file."""

    def __init__(self) -> None:
        self.jobs: dict[str, tuple[str, str, Path | None]] = {}

    def answer(self, path: str) -> dict[str, object]:
        if path == "/jobs/overview":
            return {
                "jobs": [
                    {"jid": key, "name": name, "state": state, "start-time": 0}
                    for key, (name, state, _) in self.jobs.items()
                ]
            }
        _, _, file = self.jobs[path.split("/")[2]]
        parameters = {} if file is None else {"fraudstream.config": str(file)}
        return {"execution-config": {"user-config": parameters}}


@pytest.fixture
def flink(tmp_path) -> Iterator[tuple[Flink, Settings]]:
    flink = Flink()
    with json_server(flink.answer) as url:
        yield flink, load_settings(paths={"state": tmp_path / "state"}, flink={"rest_url": url})


def settings_file(folder: Path, model: Path, **changes: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "score-transactions-20260101-000000.json"
    file.write_text(json.dumps({"model": str(model), "a setting of then": 1, **changes}))
    return file


@pytest.mark.parametrize("state", ["RUNNING", "RESTARTING", "CREATED"])
@pytest.mark.parametrize("name", ["score-transactions", "score-transactions-green"])
def test_folder_that_a_running_job_reads_by_path_is_not_written(flink, tmp_path, state, name):
    cluster, settings = flink
    cluster.jobs["f00d"] = name, state, settings_file(tmp_path, tmp_path / "model")
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
def test_ended_and_other_jobs_and_jobs_with_a_copy_use_no_folder(flink, tmp_path, name, state, changes):
    cluster, settings = flink
    cluster.jobs["f00d"] = name, state, settings_file(tmp_path, tmp_path / "model", **changes)
    require_not_read(settings, tmp_path / "model")


def test_job_with_unreadable_settings_is_listed_separately(flink, tmp_path):
    cluster, settings = flink
    cluster.jobs |= {
        "a": ("score-transactions", "RUNNING", None),
        "b": ("score-transactions", "RUNNING", tmp_path / "no"),
    }
    assert [job.config for job in live_jobs(FlinkRest(url=str(settings.flink.rest_url)))] == [None, None]
    require_not_read(settings, tmp_path / "model")


def test_unreachable_cluster_counts_as_using_the_folder(tmp_path):
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

    cluster, settings = flink
    cluster.jobs["f00d"] = "score-transactions", "RUNNING", settings_file(tmp_path, tmp_path / "model")
    monkeypatch.setenv("FRAUDSTREAM_FLINK__REST_URL", str(settings.flink.rest_url))
    monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", str(tmp_path / "state"))
    monkeypatch.setenv("FRAUDSTREAM_MODEL__ARTIFACT", str(tmp_path / "model"))
    done = CliRunner().invoke(cli.app, ["train", "--history", str(tmp_path / "none.parquet")])
    assert isinstance(done.exception, UserError)
    assert "f00d" in str(done.exception)
