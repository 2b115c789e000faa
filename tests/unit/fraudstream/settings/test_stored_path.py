"""Settings and parameters that name a file or folder: local, or in S3."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from fraudstream.cli import main as cli
from fraudstream.cli.path_parameter import local_path
from fraudstream.control.model_store import serving_folder
from fraudstream.control.savepoints import savepoint_target
from fraudstream.settings.settings import load_settings
from schemas.errors import UserError
from schemas.s3_path import S3Path

IN_S3 = "s3://bucket/folder/model"


def test_paths_of_the_settings_may_be_in_s3(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("fraudstream.toml").write_text(f'[model]\nartifact = "{IN_S3}"\n[flink]\nrest_url = "http://flink:8081"\n')
    monkeypatch.setenv("FRAUDSTREAM_RETRAIN__HISTORY", "s3://bucket/history.parquet")
    settings = load_settings()
    assert isinstance(settings.model.artifact, S3Path)
    assert str(settings.model.artifact) == IN_S3
    assert str(settings.retrain.history) == "s3://bucket/history.parquet"
    assert str(serving_folder(settings)) == "s3://bucket/folder/served-models"


def test_state_folder_is_local(monkeypatch):
    monkeypatch.setenv("FRAUDSTREAM_PATHS__STATE", "s3://bucket/state")
    with pytest.raises(UserError, match=r"paths\.state.*a local folder"):
        load_settings()


def test_savepoints_follow_flinks_setting_to_s3_only(tmp_path):
    def target(**config: str) -> str:
        settings = load_settings(paths={"state": tmp_path}, flink={"config": config})
        return savepoint_target(settings)

    setting = "execution.checkpointing.savepoint-dir"
    assert target() == target(**{setting: "file:///elsewhere"}) == (tmp_path / "savepoints").as_uri()
    assert target(**{setting: "s3://bucket/savepoints"}) == "s3://bucket/savepoints"


def test_command_whose_tool_has_no_s3_refuses_an_address_there(tmp_path):
    assert local_path(str(tmp_path)) == tmp_path
    for line in (["explore", "s3://bucket/archive"], ["drift", "report", "s3://bucket/a", "b", "--out", "c.html"]):
        error = CliRunner().invoke(cli.app, line).exception
        assert isinstance(error, UserError)
        assert str(error).startswith("expected a local path, got s3://bucket/a")


def test_another_kind_of_store_is_refused_by_a_command():
    error = CliRunner().invoke(cli.app, ["simulate", "--out", "gs://bucket/history.parquet"]).exception
    assert isinstance(error, UserError)
    assert str(error).startswith("expected a local path or s3://BUCKET/KEY, got gs://bucket/history.parquet")
