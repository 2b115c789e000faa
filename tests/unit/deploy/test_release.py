"""The release script against programs that record their calls: what fails brings the previous version back."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from fraudstream.system.folders import PROJECT_ROOT

SCRIPT = PROJECT_ROOT / "deploy" / "release.sh"
DIGEST = f"sha256:{'0' * 64}"

AWS = """#!/bin/sh
echo "aws $*" >>"$CALLS"
case "$*" in
*describe-services*--services\\ *)
    service=$(echo "$*" | sed 's/.*--services \\([^ ]*\\).*/\\1/')
    cat "$STATE/$service" ;;
*update-service*)
    service=$(echo "$*" | sed 's/.*--service \\([^ ]*\\).*/\\1/')
    task=$(echo "$*" | sed 's/.*--task-definition \\([^ ]*\\).*/\\1/')
    case "$task" in *"${REFUSED:-none}"*) ;; *) echo "$task" >"$STATE/$service" ;; esac ;;
*describe-task-definition*)
    echo '{"family": "f", "containerDefinitions": [{"image": "old"}], "cpu": "1024", "memory": "2048"}' ;;
*register-task-definition*)
    case "$*" in *"repository@sha256"*) ;; *) exit 1 ;; esac
    echo "new-$(grep -c register-task-definition "$CALLS")" ;;
esac
"""
HELM = """#!/bin/sh
echo "helm $*" >>"$CALLS"
case "$1" in
history) echo '[{"revision": 7}]' ;;
upgrade) exit "${UPGRADE:-0}" ;;
esac
"""
CURL = """#!/bin/sh
exit "${UNREADY:-0}"
"""


@pytest.fixture
def release(tmp_path: Path):
    """Return a function that runs the script, and gives its exit code, its calls and the tasks of the services."""
    if shutil.which("jq") is None:
        pytest.skip("jq is not here")
    programs, state = tmp_path / "programs", tmp_path / "state"
    programs.mkdir()
    state.mkdir()
    for name, text in {"aws": AWS, "helm": HELM, "curl": CURL}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    for service in ("api", "console"):
        (state / f"p-{service}").write_text("old\n")

    def run(**variables: str) -> tuple[int, str, list[str]]:
        environment = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "CALLS": str(tmp_path / "calls"),
            "STATE": str(state),
            "WAIT_S": "0",
            **variables,
        }
        line = [SCRIPT, "p", "staging", "repository", DIGEST, "https://api.example.com"]
        done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        tasks = [(state / f"p-{service}").read_text().strip() for service in ("api", "console")]
        return done.returncode, (tmp_path / "calls").read_text(), tasks

    return run


def test_healthy_release_deploys_chart_api_and_console(release):
    code, calls, tasks = release()
    assert (code, tasks) == (0, ["new-1", "new-2"])
    assert f"--set image.digest={DIGEST}" in calls
    assert "values-staging.yaml" in calls
    assert "rollback" not in calls


def test_unready_api_brings_all_previous_versions_back(release):
    code, calls, tasks = release(UNREADY="22")
    assert (code, tasks) == (1, ["old", "old"])
    assert "helm rollback fraudstream 7 " in calls


def test_service_that_ecs_rolled_back_brings_chart_and_earlier_services_back(release):
    code, calls, tasks = release(REFUSED="new-2")
    assert (code, tasks) == (1, ["old", "old"])
    assert "helm rollback fraudstream 7 " in calls


def test_chart_that_helm_rolled_back_changes_no_service(release):
    code, calls, tasks = release(UPGRADE="1")
    assert (code, tasks) == (1, ["old", "old"])
    assert "update-service" not in calls
