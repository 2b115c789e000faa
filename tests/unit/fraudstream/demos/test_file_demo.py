"""Demos of a file that can't begin."""

import pytest
from typer.testing import CliRunner

from fraudstream.cli.main import app
from fraudstream.demos.file_demo import run_file_demo
from fraudstream.settings.settings import load_settings
from schemas.errors import UserError
from tests.example_folders import example_folder


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["--file", "payments.csv"], "expected both --file and --map, got one"),
        (["--map", "payments.map.toml"], "expected both --file and --map, got one"),
        (["lifecycle", "--file", "payments.csv", "--map", "payments.map.toml"], "expected no --file with lifecycle"),
    ],
)
def test_options_that_contradict_are_refused(line, message):
    done = CliRunner().invoke(app, ["demo", *line])
    assert isinstance(done.exception, UserError)
    assert message in str(done.exception)


def test_map_without_labels_is_refused_before_the_file_is_read(tmp_path):
    lines = (example_folder("transfers") / "map.toml").read_text().splitlines()
    (tmp_path / "map.toml").write_text("\n".join(line for line in lines if line[:8] not in {"is_fraud", "label_ti"}))
    settings = load_settings(paths={"state": tmp_path / "state"})
    with pytest.raises(UserError, match="expected is_fraud and label_time"):
        run_file_demo(settings, tmp_path / "missing.csv", tmp_path / "map.toml", holdout_days=7)
    assert not (tmp_path / "state").exists()
