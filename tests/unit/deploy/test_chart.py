"""The Helm chart: its values agree with the project, and what it renders with the job's settings."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraudstream.control.java_security import java_security
from fraudstream.settings.kafka_security import KafkaSecurity
from fraudstream.settings.setting_names import setting_names, variable_name
from fraudstream.settings.settings import Settings
from fraudstream.system.folders import PROJECT_ROOT
from jobs.job_config import JobConfig
from jobs.shards import SHARD_KEYS

CHART = PROJECT_ROOT / "deploy" / "helm" / "fraudstream"
ENVIRONMENTS = ("staging", "production")


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    return yaml.safe_load((CHART / "values.yaml").read_text())


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    text = (PROJECT_ROOT / "docker" / "kubernetes" / "flink-deployment.yaml").read_text()
    return {part["kind"]: part for part in yaml.safe_load_all(text)}


def rendered(*options: str) -> list[dict[str, Any]]:
    """Return the manifests of the chart."""
    program = shutil.which("helm")
    if program is None:
        pytest.skip("helm is not here")
    line = [program, "template", "fraudstream", str(CHART), "--kube-version", "1.33.0", *options]
    done = subprocess.run(line, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return [part for part in yaml.safe_load_all(done.stdout) if part]


def one(parts: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = [part for part in parts if part["kind"] == kind]
    return found


def test_flink_has_the_settings_of_the_manifest(values, manifest):
    assert values["flinkConfiguration"] == manifest["FlinkDeployment"]["spec"]["flinkConfiguration"]


def test_image_is_that_of_the_manifest_and_the_version_that_of_the_package(values, manifest):
    image = values["image"]
    assert f"{image['repository']}:{image['tag']}" == manifest["FlinkDeployment"]["spec"]["image"]
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == image["tag"]


def test_autoscaler_gives_advice_alone(values):
    """The parallelism is in job.json too, and shards bound it."""
    assert values["autoscaler"]["configuration"]["job.autoscaler.scaling.enabled"] == "false"
    assert all(isinstance(value, str) for value in values["autoscaler"]["configuration"].values())


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_shards_of_an_environment_are_valid(environment):
    job = yaml.safe_load((CHART / f"values-{environment}.yaml").read_text())["job"]
    assert job["shards"] in SHARD_KEYS
    assert job["parallelism"] <= job["shards"] // 2  # merchants and devices have half as many


def test_variables_of_the_servers_are_settings():
    text = (CHART / "templates" / "_helpers.tpl").read_text()
    known = {variable_name(name) for name in setting_names(Settings)}
    named = {word.strip(",") for word in text.split() if word.startswith("FRAUDSTREAM_")}
    assert named
    assert named - known == set()


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_rendered_job_settings_are_valid_and_equal_those_of_submit(environment, tmp_path):
    parts = rendered("--values", str(CHART / f"values-{environment}.yaml"), "--set", "kafka.passwordSecret=kafka")
    file = tmp_path / "job.json"
    file.write_text(one(parts, "ConfigMap")["data"]["job.json"])
    config = JobConfig.from_file(file)
    assert config.parallelism == one(parts, "FlinkDeployment")["spec"]["job"]["parallelism"]
    login = KafkaSecurity(protocol="SASL_SSL", mechanism="SCRAM-SHA-512", username="fraudstream", password="x")
    assert config.kafka_properties == java_security(login, Path("/etc/fraudstream-kafka/password"))


def test_rendered_job_equals_the_manifest(manifest):
    spec, expected = one(rendered(), "FlinkDeployment")["spec"], manifest["FlinkDeployment"]["spec"]
    assert spec["job"] == expected["job"]
    assert spec["flinkVersion"] == expected["flinkVersion"]
    assert spec["taskManager"] == expected["taskManager"]
    assert spec["flinkConfiguration"].items() >= expected["flinkConfiguration"].items()
    written = json.loads(one(rendered(), "ConfigMap")["data"]["job.json"])
    named = json.loads(manifest["ConfigMap"]["data"]["job.json"])
    assert written.items() >= {key: value for key, value in named.items() if key != "registry"}.items()


def test_more_subtasks_than_shards_are_refused():
    program = shutil.which("helm")
    if program is None:
        pytest.skip("helm is not here")
    line = [program, "template", "x", str(CHART), "--kube-version", "1.33.0", "--set", "job.parallelism=9"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode != 0
    assert "expected job.parallelism to be at most job.shards, got 9 and 8" in done.stderr


def test_servers_are_hardened_and_reachable():
    parts = rendered("--set", "api.enabled=true,console.enabled=true")
    ports = {"fraudstream-api": Settings().api.port, "fraudstream-console": Settings().console.port}
    for part in (part for part in parts if part["kind"] == "Deployment"):
        pod = part["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["ports"][0]["containerPort"] == ports.pop(part["metadata"]["name"])
    assert ports == {}
    assert one(parts, "HorizontalPodAutoscaler")["spec"]["minReplicas"] == 2
