"""The pipeline of dvc.yaml with DVC's own command: reproducible, and kept on an S3 remote."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree

import boto3
import pytest
import yaml

from fraudstream.system.folders import PROJECT_ROOT
from fraudstream.system.isolated_venv import isolated_venv
from tests.moto_server import aws_environment, moto_server

pytestmark = [pytest.mark.integration, pytest.mark.long, pytest.mark.timeout(3_600)]

LOCK = PROJECT_ROOT / "requirements" / "dvc.lock"
FILES = ("dvc.yaml", "params.yaml", ".dvcignore", ".dvc/config", ".dvc/.gitignore")
INPUTS = ("models", "producers", "schemas")
SMALL = {"customers": 300, "merchants": 200, "fraud_rate": 0.02}


def project(folder: Path) -> Path:
    """Make a repository with the pipeline and its inputs, and with a smaller simulation."""
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((PROJECT_ROOT / name).read_bytes())
    for name in INPUTS:
        copytree(PROJECT_ROOT / name, folder / name, ignore=ignore_patterns("__pycache__"))
    parameters = yaml.safe_load((folder / "params.yaml").read_text())
    parameters["simulate"] |= SMALL
    (folder / "params.yaml").write_text(yaml.safe_dump(parameters))
    subprocess.run(["git", "init", "--quiet", folder], check=True)  # noqa: S603, S607
    return folder


def dvc(folder: Path, *arguments: str, **variables: str) -> str:
    """Run DVC in a repository, with this environment's `fraudstream` for the stages."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S603
        [isolated_venv(LOCK, "tools"), "-m", "dvc", *arguments],
        cwd=folder,
        env=os.environ | {"PATH": path, "DVC_NO_ANALYTICS": "true"} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def locked(folder: Path) -> dict[str, object]:
    """Return the stages of dvc.lock, with the hashes of all inputs and outputs."""
    return yaml.safe_load((folder / "dvc.lock").read_text())["stages"]


def test_pipeline_gives_the_same_hashes_twice_runs_only_what_changed_and_is_kept_on_s3(tmp_path):
    first, second = project(tmp_path / "first"), project(tmp_path / "second")
    dvc(first, "repro")
    dvc(second, "repro")
    assert locked(first) == locked(second)
    assert locked(first).keys() == {"simulate", "train", "evaluate"}
    data = first / "artifacts" / "pipeline"
    assert json.loads((data / "train.json").read_text())["value_recall_at_1_fpr"] > 0
    assert json.loads((data / "evaluate.json").read_text())["precision_at_90_recall"] > 0
    assert (data / "curve.csv").read_text().startswith("fold,threshold,recall,precision,false_positive_rate\n")
    shown = json.loads(dvc(first, "metrics", "show", "--json"))
    assert {Path(file).name for file in shown[""]["data"]} == {"train.json", "evaluate.json"}
    assert "up to date" in dvc(first, "repro")
    parameters = second / "params.yaml"
    parameters.write_text(re.sub(r"test_days: \d+", "test_days: 5", parameters.read_text()))
    assert json.loads(dvc(second, "status", "--json")).keys() == {"evaluate"}
    with moto_server(tmp_path / "moto.log") as url:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-2"}
        location = {"LocationConstraint": "us-east-2"}
        boto3.client("s3", endpoint_url=url, **keys).create_bucket(Bucket="models", CreateBucketConfiguration=location)
        dvc(first, "remote", "add", "--default", "store", "s3://models/dvc")
        dvc(first, "remote", "modify", "store", "endpointurl", url)
        environment = aws_environment(url)
        dvc(first, "push", **environment)
        model = (data / "model" / "model.onnx").read_bytes()
        rmtree(first / ".dvc" / "cache")
        rmtree(data / "model")
        dvc(first, "pull", **environment)
    assert (data / "model" / "model.onnx").read_bytes() == model
