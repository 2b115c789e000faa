"""Environment of child processes."""

import subprocess
import sys

from fraudstream.settings.setting_names import SECRETS, setting_names, variable_name
from fraudstream.settings.settings import Settings
from fraudstream.system.environment import SECRETS as KEPT_BACK
from fraudstream.system.environment import process_environment
from fraudstream.system.java import find_java


def test_settings_of_another_flink_are_not_passed_on(monkeypatch):
    monkeypatch.setenv("FLINK_CONF_DIR", "/elsewhere")
    monkeypatch.setenv("KAFKA_OPTS", "-Dx=y")
    env = process_environment(find_java(), FLINK_HOME="/ours")
    assert "FLINK_CONF_DIR" not in env
    assert "KAFKA_OPTS" not in env
    assert env["FLINK_HOME"] == "/ours"
    assert env["JAVA_HOME"] == str(find_java().home)


def test_secrets_are_not_passed_to_child_processes(monkeypatch):
    for name in KEPT_BACK:
        monkeypatch.setenv(name, "hunter2")
    assert "hunter2" not in process_environment(find_java()).values()


def test_every_secret_of_the_settings_is_withheld():
    secret = [variable_name(name) for name in setting_names(Settings) if name.endswith(SECRETS)]
    assert sorted(secret) == sorted(KEPT_BACK)


def test_project_is_importable_from_any_folder(tmp_path):
    env = process_environment(find_java())
    command = [sys.executable, "-S", "-c", "import schemas.errors, jobs, models, fraudstream"]
    subprocess.run(command, cwd=tmp_path, env=env, check=True)  # noqa: S603


def test_onnxruntime_writes_nothing_to_the_home_folder(tmp_path):
    env = process_environment(find_java()) | {"HOME": str(tmp_path)}
    env.pop("XDG_CACHE_HOME", None)
    subprocess.run([sys.executable, "-c", "import onnxruntime"], env=env, check=True)
    assert list(tmp_path.iterdir()) == []
