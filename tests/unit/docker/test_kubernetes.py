"""The manifest for the Flink Kubernetes Operator agrees with the project's files."""

import importlib.metadata
from pathlib import Path
from typing import Any

import pytest
import yaml

from fraudstream.devstack.flink_home import GARBAGE_COLLECTOR, JAVA_OPTIONS
from fraudstream.system.folders import PROJECT_ROOT
from jobs.job_config import JobConfig


@pytest.fixture(scope="module")
def parts() -> dict[str, dict[str, Any]]:
    text = (PROJECT_ROOT / "docker" / "kubernetes" / "flink-deployment.yaml").read_text()
    return {part["kind"]: part for part in yaml.safe_load_all(text)}


@pytest.fixture(scope="module")
def spec(parts) -> dict[str, Any]:
    return parts["FlinkDeployment"]["spec"]


@pytest.fixture
def config(parts, tmp_path) -> JobConfig:
    file = tmp_path / "job.json"
    file.write_text(parts["ConfigMap"]["data"]["job.json"])
    return JobConfig.from_file(file)


def test_job_runs_at_the_configured_parallelism(spec, config):
    assert spec["job"]["parallelism"] == config.parallelism


def test_flink_has_the_locked_version(spec):
    version = importlib.metadata.version("apache-flink")
    major, minor, _ = version.split(".")
    assert spec["flinkVersion"] == f"v{major}_{minor}"
    assert spec["job"]["jarURI"] == f"local:///opt/flink/opt/flink-python-{version}.jar"


def test_image_is_the_one_built_by_compose(spec, compose):
    assert spec["image"] == compose["services"]["jobmanager"]["image"]


def test_java_has_the_options_of_the_embedded_cluster(spec):
    assert spec["flinkConfiguration"]["env.java.opts.all"] == JAVA_OPTIONS
    assert spec["flinkConfiguration"]["env.java.opts.taskmanager"] == GARBAGE_COLLECTOR


def test_one_slot_a_taskmanager_and_strings_throughout(spec):
    assert spec["flinkConfiguration"]["taskmanager.numberOfTaskSlots"] == "1"
    assert all(isinstance(value, str) for value in spec["flinkConfiguration"].values())


def test_python_and_job_paths_exist_in_the_image(spec, image):
    python, script, settings = (spec["job"]["args"][index] for index in (1, 3, 5))
    assert ["WORKDIR", "/opt/fraudstream"] in image
    assert python == spec["flinkConfiguration"]["python.executable"] == "/opt/fraudstream/.venv/bin/python"
    assert (PROJECT_ROOT / Path(script).relative_to("/opt/fraudstream")).is_file()
    assert settings == "/etc/fraudstream/job.json"


def test_model_checkpoints_and_manifests_are_on_the_shared_volume(spec, config, parts):
    pod = spec["podTemplate"]["spec"]
    (container,) = pod["containers"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    claims = {v["name"]: v.get("persistentVolumeClaim", {}).get("claimName") for v in pod["volumes"]}
    assert claims["state"] == parts["PersistentVolumeClaim"]["metadata"]["name"]
    kept = [value for key, value in spec["flinkConfiguration"].items() if key.endswith(("storageDir", "savepoint-dir"))]
    for location in (config.model, config.checkpoint_dir, *kept):
        assert location.removeprefix("file://").startswith(f"{mounts['state']}/")


def test_no_pod_is_root(spec):
    pod = spec["podTemplate"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 9999
    assert pod["containers"][0]["securityContext"]["allowPrivilegeEscalation"] is False
