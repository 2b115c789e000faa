"""The wheel in environments of its own: all of it, and the part that a TaskManager needs."""

import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from fraudstream.archive.archive_folder import ArchiveFolder, archive_table
from fraudstream.system.folders import PROJECT_ROOT
from schemas.avro_schemas import INFERENCE
from schemas.columnar_decoder import ColumnarDecoder
from schemas.columns import INFERENCE_ARROW
from schemas.registry import FileRegistry
from tests.integration.inference_records import inference_records
from tests.integration.wheel_installation import Installation, build_wheel, install

WORLD = ["--customers", "150", "--merchants", "100", "--days", "30", "--seed", "3"]
FILES_OF_PACKAGES = """
import fraudstream, jobs, models, producers, schemas
for package in (fraudstream, jobs, models, producers, schemas):
    print(package.__file__)
"""
IMPORT_ALL_OF_THE_JOB = """
import importlib, pkgutil
import fraudstream.control.submit, jobs
for module in pkgutil.walk_packages(jobs.__path__, "jobs."):
    importlib.import_module(module.name)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Installation:
    return install(wheel, "runtime", tmp_path_factory.mktemp("all"))


@pytest.fixture(scope="module")
def for_the_job(wheel, tmp_path_factory) -> Installation:
    return install(wheel, "job", tmp_path_factory.mktemp("job"))


@pytest.fixture(scope="module")
def history(installed) -> Path:
    done = installed.run("simulate", "--out", "history.parquet", *WORLD)
    assert done.returncode == 0, done.stderr
    return installed.folder / "history.parquet"


@pytest.fixture(scope="module")
def model(installed, history) -> Path:
    done = installed.run("train", "--history", history)
    assert done.returncode == 0, done.stderr
    return installed.folder / "artifacts/model"


def test_the_wheel_has_each_file_of_the_packages(wheel):
    packages = ("schemas", "models", "jobs", "producers", "fraudstream")
    files = (file for package in packages for file in (PROJECT_ROOT / package).rglob("*") if file.is_file())
    ours = {file.relative_to(PROJECT_ROOT).as_posix() for file in files if "__pycache__" not in file.parts}
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if ".dist-info/" not in name} == ours


@pytest.mark.parametrize("lock", ["installed", "for_the_job"])
def test_commands_run_the_packages_of_the_wheel(lock, request):
    environment = request.getfixturevalue(lock)
    done = environment.run("-c", FILES_OF_PACKAGES, program="python")
    site_packages = environment.scripts.parent / "lib/python3.11/site-packages"
    assert all(Path(file).is_relative_to(site_packages) for file in done.stdout.split()), done
    assert environment.run("--help").returncode == 0


def test_doctor_finds_the_installed_parts(installed):
    done = installed.run("doctor", "--json")
    assert done.returncode == 3, done.stderr  # no broker runs
    found = {row["name"]: row["ok"] for row in json.loads(done.stdout)}
    assert [found[name] for name in ("packages", "java", "flink", "libgomp")] == [True] * 4


def test_a_model_is_trained_evaluated_and_used(installed, history, model):
    assert (model / "manifest.json").is_file()
    first = pc.min(pq.read_table(history)["event_time"]).as_py()
    options = ["--train-end", str((first + timedelta(days=14)).date()), "--folds", "1", "--validation-folds", "0"]
    report = installed.folder / "report.html"
    done = installed.run("evaluate", history, *options, "--report", report)
    assert done.returncode == 0, done.stderr
    assert "<svg" in report.read_text()
    assert json.loads(installed.run("doctor", "--json").stdout)[-2]["name"] == "model"
    done = installed.run("backfill", history, "--model", model, "--out", "features.parquet")
    assert done.returncode == 0, done.stderr


def test_the_job_needs_no_other_extra(for_the_job):
    done = for_the_job.run("-c", IMPORT_ALL_OF_THE_JOB, program="python")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (["train", "--history", "h.parquet"], "train"),
        (["evaluate", "h.parquet", "--train-end", "2026-01-01"], "train"),
        (["api"], "serve"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_command_without_its_extra_names_it_in_one_line(for_the_job, command, extra):
    done = for_the_job.run(*command)
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith(f"Error: `{command[0]}` needs fraudstream[{extra}], found no module ")
    assert done.stderr.endswith(f" Install it: pip install 'fraudstream[{extra}]'\n")


@pytest.mark.long
def test_pages_of_other_tools_are_written(installed):
    archive = installed.folder / "archive"
    payloads = [payload for _, payload in inference_records(2_000)]
    records, _ = ColumnarDecoder(INFERENCE, INFERENCE_ARROW, "inference-value", FileRegistry()).decode(payloads)
    with ArchiveFolder(archive, "inference") as target:
        target.write(archive_table(records, [(0, offset) for offset in range(len(records))]), {})
    done = installed.run("explore", archive, "--out", "explore.html")
    assert done.returncode == 0, done.stderr
    (file, *_) = archive.glob("date=*/*.parquet")
    done = installed.run("drift", "report", file, file, "--out", "drift.html")
    assert done.returncode == 0, done.stderr
    assert all((installed.folder / page).stat().st_size for page in ("explore.html", "drift.html"))


@pytest.mark.parametrize("command", [["bench"], ["chaos"], ["drift", "scorecard"]], ids=" ".join)
def test_benchmarks_are_run_from_a_clone(for_the_job, command):
    done = for_the_job.run(*command)
    assert (done.returncode, "Run this in a clone." in done.stderr) == (2, True), done.stderr
