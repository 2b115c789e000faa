"""The job's packages under a private name, in an interpreter where other packages have their plain names."""

import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

from fraudstream.control.shipped_code import ShippedCode, ship_code
from jobs.private_package import SHIPPED

ALL_MODULES = """
import pkgutil, sys
from importlib import import_module
import {name}
modules = [module.name for module in pkgutil.walk_packages({name}.__path__, "{name}.")]
for module in modules:
    import_module(module)
print(len(modules), [found for found in sys.modules if found.partition(".")[0] in {shipped}])
"""
WITH_OTHERS = """
import models, schemas
from {name}.jobs.job_config import JobConfig
from {name}.schemas.registry import FileRegistry
import models as again
print(models.OWNER, again is models, JobConfig.__module__, FileRegistry().id_for("any", "score") > 0)
"""
COMPILED = """
import {name}.jobs.operators
from {name}.schemas import batch_checks
found = [kernel.stats for kernel in vars(batch_checks).values() if hasattr(kernel, "stats")]
print(all(any(stats.cache_hits.values()) for stats in found), *{{stats.cache_path for stats in found}})
"""
OUTLIVES_ITS_FOLDER = """
import shutil, sys
from {name}.schemas.registry import FileRegistry
FileRegistry()
sys.path.append({second!r})
shutil.rmtree({first!r})
from {name}.schemas import columns
print(FileRegistry().id_for("any", "score") > 0, "second" in columns.__file__)
"""


@pytest.fixture(scope="module")
def code(tmp_path_factory) -> ShippedCode:
    return ship_code(tmp_path_factory.mktemp("code"))


def output(script: str, *path: Path, **variables: str) -> str:
    # Without compilation of the imports it takes a tenth of the time.
    variables = variables or {"NUMBA_DISABLE_JIT": "1"}
    env = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))} | variables
    line = [sys.executable, "-P", "-c", script]
    done = subprocess.run(line, capture_output=True, text=True, env=env, check=False, cwd=path[0].parent)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_shipped_module_imports_a_package_by_its_plain_name(code):
    found = output(ALL_MODULES.format(name=code.package, shipped=SHIPPED), code.folder)
    count, _, plain = found.partition(" ")
    assert int(count) > 100
    assert plain.strip() == "[]"


def test_private_package_and_another_of_the_plain_name_are_imported_side_by_side(code, tmp_path):
    for name in SHIPPED:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("OWNER = 'theirs'\n")
    found = output(WITH_OTHERS.format(name=code.package), tmp_path, code.folder)
    assert found.split() == ["theirs", "True", f"{code.package}.jobs.job_config", "True"]


def test_modules_of_a_job_that_ended_serve_a_later_job_of_the_same_code(code, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        copytree(code.folder / code.package, folder / code.package)
    script = OUTLIVES_ITS_FOLDER.format(name=code.package, first=str(first), second=str(second))
    assert output(script, first).split() == ["True", "True"]


def test_code_is_shipped_once_for_each_version(code):
    assert ship_code(code.folder.parent) == code
    assert [path.name for path in code.folder.parent.iterdir()] == [code.package]


def test_kernels_are_compiled_once_for_all_unpacked_copies_of_the_code(code, tmp_path):
    cache = tmp_path / "cache"
    for hits, folder in ((False, "first"), (True, "second")):
        copytree(code.folder / code.package, tmp_path / folder / code.package)
        script = COMPILED.format(name=code.package)
        found = output(script, tmp_path / folder, NUMBA_CACHE_DIR=str(cache))
        assert found.split() == [str(hits), str(cache / code.package / "schemas" / "batch_checks")]
