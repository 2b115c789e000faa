"""The parts of the image, as far as they can be checked without a Docker engine."""

import fnmatch
import os
import re
import subprocess

import pytest
import yaml

from fraudstream.system.folders import PROJECT_ROOT
from fraudstream.system.java import OLDEST

DOCKER = PROJECT_ROOT / "docker"
SCRIPTS = sorted(DOCKER.glob("*.sh"))


def copied(image) -> list[str]:
    """List the paths copied from the build context."""
    copies = [words[1:-1] for words in image if words[0] == "COPY"]
    return [source for words in copies if not words[0].startswith("--from") for source in words]


def test_copied_paths_exist_and_are_not_ignored(image):
    lines = (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
    assert "*" in lines  # a secret or a state folder is not sent to the builder
    allowed = [line[1:] for line in lines if line.startswith("!")]
    for source in copied(image):
        assert (PROJECT_ROOT / source).exists(), source
        assert any(fnmatch.fnmatch(source, pattern) for pattern in allowed), source


def test_every_project_package_is_copied(image):
    for package in ("schemas", "models", "jobs", "producers", "fraudstream"):
        assert package in copied(image)


def test_packages_are_installed_from_the_locks_with_their_hashes(image):
    text = " ".join(" ".join(words) for words in image)
    for lock in re.findall(r"-r (\S+\.lock)", text):
        assert f"--require-hashes -r {lock}" in text
    assert "requirements/runtime.lock" in text


def test_python_and_java_have_the_required_versions(image):
    text = " ".join(" ".join(words) for words in image)
    (base,) = {words[1] for words in image if words[0] == "FROM"}
    assert base.startswith("python:3.11.")
    assert f"openjdk-{OLDEST}-jre-headless" in text


def test_last_user_is_not_root(image):
    assert [words[1] for words in image if words[0] == "USER"][-1] == "9999:9999"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_are_posix_shell_and_stop_at_an_error(script):
    assert script.stat().st_mode & 0o111 == 0o111
    text = script.read_text()
    assert text.startswith("#!/bin/sh\n")
    assert "\nset -eu\n" in text
    assert subprocess.run(["sh", "-n", script], check=False).returncode == 0  # noqa: S603, S607


def test_entrypoint_runs_any_other_command_unchanged():
    done = subprocess.run([DOCKER / "entrypoint.sh", "printf", "%s|", "a b", "c"], capture_output=True, check=True)  # noqa: S603
    assert done.stdout == b"a b|c|"


def test_entrypoint_passes_on_flink_settings(tmp_path):
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "taskmanager.sh"
    script.write_text('#!/bin/sh\necho "$@"\n')
    script.chmod(0o755)
    command = [DOCKER / "entrypoint.sh", "taskmanager", "-D", "a=b"]
    done = subprocess.run(command, capture_output=True, check=True, env={"FLINK_HOME": str(tmp_path)})  # noqa: S603
    assert done.stdout == b"start-foreground -D a=b\n"


def test_entrypoint_serves_a_model_as_sagemaker_starts_a_container(tmp_path):
    program = tmp_path / "fraudstream"
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    command, path = [DOCKER / "entrypoint.sh", "serve"], f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, capture_output=True, check=True, env={"PATH": path})  # noqa: S603
    assert done.stdout == b"sagemaker serve --model /opt/ml/model --host 0.0.0.0\n"


def test_training_keeps_an_existing_model(tmp_path):
    (tmp_path / "manifest.json").touch()
    env = {"FRAUDSTREAM_MODEL__ARTIFACT": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([DOCKER / "train.sh"], capture_output=True, check=True, env=env)  # noqa: S603
    assert done.stdout.decode() == f"There is a model in {tmp_path}\n"
    assert [file.name for file in tmp_path.iterdir()] == ["manifest.json"]


def test_flink_listens_on_all_addresses_of_its_container_and_refers_to_services_by_name(compose, flink_settings):
    for key in ("jobmanager.bind-host", "taskmanager.bind-host", "rest.bind-address"):
        assert flink_settings[key] == "0.0.0.0"  # noqa: S104
    for key in ("jobmanager.rpc.address", "rest.address"):
        assert flink_settings[key] in compose["services"]
    assert "taskmanager.host" not in flink_settings  # several come from one service
    assert not [key for key, value in flink_settings.items() if "127.0.0.1" in value]


def test_flink_ports_are_those_used_by_other_services(compose, flink_settings):
    assert f"127.0.0.1:8081:{flink_settings['rest.port']}" in compose["services"]["jobmanager"]["ports"]
    for name, key in {"jobmanager": "rest.port", "taskmanager": "metrics.reporter.prom.port"}.items():
        check = " ".join(compose["services"][name]["healthcheck"]["test"])
        assert re.search(rf"\b{flink_settings[key]}\b", check), name


def test_zookeeper_has_the_address_that_flink_uses(compose, flink_settings):
    host, port = flink_settings["high-availability.zookeeper.quorum"].split(":")
    lines = dict(line.split("=") for line in (DOCKER / "zoo.cfg").read_text().splitlines() if not line.startswith("#"))
    assert lines["clientPort"] == port
    assert f"zookeeper:{lines['dataDir']}" in compose["services"][host]["volumes"]


def test_checkpoints_are_in_the_volume_shared_by_all_of_flink(compose, flink_settings):
    for key in (
        "execution.checkpointing.dir",
        "execution.checkpointing.savepoint-dir",
        "high-availability.storageDir",
    ):
        assert flink_settings[key].startswith("file:///var/lib/fraudstream/")
    for name in ("jobmanager", "taskmanager", "submit"):
        assert "state:/var/lib/fraudstream" in compose["services"][name]["volumes"]


def test_flink_home_has_the_connector_and_python(flink_home, tmp_path, monkeypatch):
    monkeypatch.setattr(flink_home, "HOME", flink_home.StateFolder(root=tmp_path))
    flink_home.main()
    library = [file.name for file in (tmp_path / "flink" / "lib").iterdir()]
    for name in ("flink-dist-", "flink-python-", "flink-sql-connector-kafka-"):
        assert len(fnmatch.filter(library, f"{name}*.jar")) == 1
    assert (tmp_path / "flink" / "log").is_dir()
    assert "appender.console" in (tmp_path / "flink" / "conf" / "log4j-console.properties").read_text()
    settings = yaml.safe_load((tmp_path / "flink" / "conf" / "config.yaml").read_text())
    assert settings == flink_home.container_settings()
