"""CI and release workflows, as far as they can be checked without GitHub."""

import re
import shutil
import subprocess
import tomllib

import pytest
import yaml

from fraudstream.system.folders import PROJECT_ROOT

WORKFLOWS = sorted((PROJECT_ROOT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]
PINNED = re.compile(r"^\s*- uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")


def steps(name: str) -> list[dict]:
    """Return the steps of all jobs of a workflow."""
    workflow = yaml.safe_load((PROJECT_ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
    return [step for job in workflow["jobs"].values() for step in job.get("steps", ())]


def commands(name: str) -> list[str]:
    return [step["run"] for step in steps(name) if "run" in step]


@pytest.mark.parametrize("name", ["ci", "release"])
def test_both_workflows_run_the_ci_script_and_build_wheel_and_image(name):
    assert ".ci/run" in commands(name)
    assert "make wheel" in commands(name)
    assert any(line.startswith("docker build --file docker/Dockerfile ") for line in commands(name))


@pytest.mark.parametrize("name", ["ci", "release"])
def test_python_is_the_version_that_the_package_requires(name):
    (version,) = {step["with"]["python-version"] for step in steps(name) if "setup-python" in step.get("uses", "")}
    major, minor = map(int, version.split("."))
    assert PROJECT["requires-python"] == f">={major}.{minor},<{major}.{minor + 1}"


def test_reports_of_the_ci_script_are_uploaded_even_if_tests_fail():
    (run,) = [step for step in steps("ci") if step.get("run") == ".ci/run"]
    (upload,) = [step for step in steps("ci") if step.get("with", {}).get("name") == "reports"]
    assert upload["with"]["path"] == run["env"]["CI_REPORTS"]
    assert upload["if"] == "always()"
    script = (PROJECT_ROOT / ".ci" / "run").read_text()
    assert "$reports/tests.xml" in script


def test_release_is_made_from_a_tag_with_the_version_of_the_package(tmp_path):
    (check,) = [line for line in commands("release") if line.startswith("grep ")]
    shutil.copy(PROJECT_ROOT / "pyproject.toml", tmp_path)
    for tag, accepted in ((f"v{PROJECT['version']}", True), (f"v{PROJECT['version']}1", False), ("v", False)):
        done = subprocess.run(["bash", "-c", check], cwd=tmp_path, env={"GITHUB_REF_NAME": tag}, check=False)  # noqa: S603, S607
        assert (done.returncode == 0) is accepted, tag


def test_assets_of_a_release_exist():
    (line,) = [line for line in commands("release") if line.startswith("gh release create ")]
    assert all((PROJECT_ROOT / word).is_file() for word in line.split() if word.startswith("requirements/"))


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_actions_are_pinned_to_a_commit_with_its_version(file):
    lines = [line for line in file.read_text().splitlines() if "uses:" in line]
    assert lines
    lines = [line for line in lines if "uses: ./.github/workflows/" not in line]
    assert [line for line in lines if not PINNED.match(line)] == []


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_actionlint_has_no_complaint(file):
    program = shutil.which("actionlint")
    if program is None:
        pytest.skip("actionlint is not here")
    done = subprocess.run([program, file], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout
