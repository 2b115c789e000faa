"""docker/compose.yaml, as far as it can be checked without a Docker engine."""

import re
import shlex

import pytest
import typer.main
from typer.core import TyperGroup

from fraudstream.cli.main import app
from fraudstream.settings.api_settings import ApiSettings
from fraudstream.settings.console_settings import ConsoleSettings
from fraudstream.settings.setting_names import check_names
from fraudstream.settings.settings import Settings, load_settings
from fraudstream.system.folders import PROJECT_ROOT

DOCKER = PROJECT_ROOT / "docker"
EXACT_TAG = re.compile(r"[a-z0-9./-]+:v?\d+\.\d+\.\d+(-[a-z-]+)?")
ONE_SHOT = {"train", "submit", "produce", "alerts"}


def parse(arguments: list[str]) -> None:
    """Parse arguments as the command line does, without running the command."""
    command = typer.main.get_command(app)
    context = command.make_context("fraudstream", list(arguments), resilient_parsing=True)
    while isinstance(command, TyperGroup):
        name, command, arguments = command.resolve_command(context, arguments)
    command.make_context(name, list(arguments))


def test_images_have_exact_tags(compose, image):
    bases = [words[1] for words in image if words[0] == "FROM"]
    for name in [*bases, *(service["image"] for service in compose["services"].values())]:
        assert EXACT_TAG.fullmatch(name), name
    assert len(set(bases)) == 1


def test_image_has_the_project_version_and_is_built_by_one_service(compose):
    version = re.search(r'^version = "(.+)"$', (PROJECT_ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    ours = {s["image"] for s in compose["services"].values() if s["image"].startswith("fraudstream:")}
    assert ours == {f"fraudstream:{version}"}
    (built,) = [service["build"] for service in compose["services"].values() if "build" in service]
    assert (DOCKER / built["context"] / built["dockerfile"]).samefile(DOCKER / "Dockerfile")


def test_no_service_is_or_can_become_root(compose):
    for name, service in compose["services"].items():
        user, _, group = service["user"].partition(":")
        assert int(user) > 0, name
        assert group.isdigit(), name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert not service.get("privileged"), name


def test_every_service_has_limits(compose):
    for name, service in compose["services"].items():
        limits = service["deploy"]["resources"]["limits"]
        assert float(limits["cpus"]) > 0, name
        assert re.fullmatch(r"\d+[mg]", limits["memory"]), name


def test_services_are_restarted_and_have_a_health_check(compose):
    staying = {name for name, service in compose["services"].items() if service.get("restart") == "unless-stopped"}
    assert staying == set(compose["services"]) - ONE_SHOT
    assert {name for name, service in compose["services"].items() if "healthcheck" in service} == staying


def test_only_commands_are_in_profiles(compose):
    assert {name for name, service in compose["services"].items() if "profiles" in service} == ONE_SHOT


def test_ports_are_published_on_loopback_only(compose):
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert published
    for port in published:
        assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port), port
    assert len({port.split(":")[1] for port in published}) == len(published)


def test_mounted_files_exist(compose):
    for name, service in compose["services"].items():
        for mount in service.get("volumes", []):
            source, target, *mode = mount.split(":")
            assert target.startswith("/"), mount
            if source.startswith("."):
                assert (DOCKER / source).exists(), f"{name}: {source}"
                assert mode == ["ro"], mount
            else:
                assert source in compose["volumes"], mount


def test_every_service_is_reached_only_by_its_name(compose):
    for name, service in compose["services"].items():
        assert service["networks"] == ["fraudstream"], name
        assert "network_mode" not in service, name
        for needed in service.get("depends_on", {}):
            assert needed in compose["services"], needed


def test_service_waits_for_health_only_of_services_with_a_check(compose):
    for service in compose["services"].values():
        for needed, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in compose["services"][needed]
            if how["condition"] == "service_completed_successfully":
                assert needed in ONE_SHOT


def test_secrets_are_files_written_by_make(compose):
    makefile = (PROJECT_ROOT / "Makefile").read_text()
    for secret in compose["secrets"].values():
        file = (DOCKER / secret["file"]).resolve().relative_to(PROJECT_ROOT)
        assert f"\n{file}:\n" in makefile
        assert re.search(rf"^docker-up:.* {file} ", makefile, re.MULTILINE)
    for name, service in compose["services"].items():
        for variable in service.get("environment", {}):
            assert not re.search("PASSWORD|TOKENS", variable) or variable.endswith("_FILE"), f"{name}: {variable}"


def test_fraudstream_variables_are_settings_and_name_the_services(compose, image, monkeypatch):
    in_image = dict(word.split("=", 1) for words in image if words[0] == "ENV" for word in words[1:])
    for name in [*ONE_SHOT, "api", "console", "metrics"]:
        variables = {**in_image, **compose["services"][name]["environment"]}
        ours = {key: value for key, value in variables.items() if key.startswith("FRAUDSTREAM_")}
        assert check_names(Settings, None, ours) == []
        with monkeypatch.context() as patch:
            for key, value in ours.items():
                patch.setenv(key, value)
            settings = load_settings()
        kafka, flink, models = settings.kafka, settings.flink, settings.models
        addresses = (kafka.bootstrap_servers, kafka.schema_registry_url, flink.rest_url, models.tracking_uri)
        for address in addresses:
            assert re.sub(r"^http://|:\d+$", "", address) in compose["services"]
        assert f"state:{settings.state.root}" in compose["services"][name]["volumes"]


@pytest.mark.parametrize("name", ["produce", "alerts"])
def test_one_off_commands_are_valid(compose, name):
    program, *arguments = compose["services"][name]["command"]
    assert program == "fraudstream"
    parse(arguments)


@pytest.mark.parametrize("name", ["api", "console", "metrics"])
def test_service_commands_are_valid(compose, name):
    script, *arguments = compose["services"][name]["command"]
    assert (DOCKER / script.removeprefix("/opt/fraudstream/docker/")).exists()
    parse(arguments)


@pytest.mark.parametrize("name", ["train", "submit"])
def test_script_commands_are_valid(compose, name):
    (script,) = compose["services"][name]["command"]
    text = (DOCKER / script.removeprefix("/opt/fraudstream/docker/")).read_text()
    lines = re.findall(r"(?:^|\$\(|exec )fraudstream ([^)\n]+)", text, re.MULTILINE)
    assert len(lines) >= 2
    for line in lines:
        parse([word for word in shlex.split(line) if word != "$@"])


def test_cluster_roles_are_known_to_the_entrypoint(compose):
    entrypoint = (DOCKER / "entrypoint.sh").read_text()
    for name in ("zookeeper", "jobmanager", "taskmanager"):
        assert compose["services"][name]["command"] == [name]
        assert re.search(rf"^(.* \| )?{name}( \| .*)?\)$", entrypoint, re.MULTILINE)


@pytest.mark.parametrize("name", ["api", "console", "mlflow"])
def test_servers_listen_on_the_checked_and_published_port(compose, name):
    defaults = {"api": ApiSettings().port, "console": ConsoleSettings().port, "mlflow": 5000}
    service = compose["services"][name]
    assert service["ports"] == [f"127.0.0.1:{defaults[name]}:{defaults[name]}"]
    assert f"http://127.0.0.1:{defaults[name]}/" in service["healthcheck"]["test"][-1]


def test_each_server_with_tokens_has_a_separate_one(compose):
    for name in ("api", "console"):
        variable, secret = f"FRAUDSTREAM_{name.upper()}__TOKENS_FILE", f"{name}_tokens"
        assert compose["services"][name]["environment"][variable] == f"/run/secrets/{secret}"
        assert compose["services"][name]["secrets"] == [secret]


def test_mlflow_has_the_tested_version_and_accepts_its_host_name(compose):
    service = compose["services"]["mlflow"]
    (version,) = re.findall(
        r"^mlflow==(\S+)", (PROJECT_ROOT / "requirements" / "mlflow.lock").read_text(), re.MULTILINE
    )
    assert service["image"].endswith(f":v{version}")
    options = dict(word.removeprefix("--").split("=", 1) for word in service["command"] if "=" in word)
    uri = compose["services"]["console"]["environment"]["FRAUDSTREAM_MODELS__TRACKING_URI"]
    assert uri.removeprefix("http://") in options["allowed-hosts"].split(",")
    assert uri.endswith(f":{options['port']}")
    (volume,) = service["volumes"]
    folder = volume.partition(":")[2]
    assert options["backend-store-uri"].startswith(f"sqlite:///{folder}/")
    assert options["artifacts-destination"].startswith(f"{folder}/")
