import os
import subprocess
import sys

import pytest

from fraudstream.system.folders import PROJECT_ROOT
from fraudstream.system.own_packages import OWN_PACKAGES, foreign_package


def run(folder, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(PROJECT_ROOT)])}
    line = [sys.executable, "-P", "-m", "fraudstream.cli.main", *arguments]
    return subprocess.run(line, capture_output=True, text=True, env=env, check=False, cwd=folder)  # noqa: S603


@pytest.mark.parametrize("name", OWN_PACKAGES)
@pytest.mark.parametrize("as_module", [False, True])
def test_commands_refuse_a_package_of_another_distribution_and_name_its_path(tmp_path, name, as_module):
    found = tmp_path / (f"{name}.py" if as_module else name)
    if as_module:
        found.touch()
    else:
        found.mkdir()
        (found / "__init__.py").touch()
    command = "doctor" if as_module else "submit"
    done = run(tmp_path, command)
    assert done.returncode == 3
    assert f"expected the package {name} of fraudstream at {PROJECT_ROOT / name}, got {found}." in done.stderr
    assert "Traceback" not in done.stderr


def test_folder_that_is_no_package_shadows_nothing(tmp_path):
    (tmp_path / "models").mkdir()
    assert run(tmp_path, "submit", "--help").returncode == 0
    assert foreign_package() is None
