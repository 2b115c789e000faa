"""Packages of another project with the names of this project's."""

import base64
import hashlib
import os
import subprocess
import sys

import pytest

from fraudstream.control.submit import submit
from fraudstream.devstack.stack import Services
from fraudstream.kafka.broker import Broker
from fraudstream.settings.settings import load_settings
from fraudstream.system import own_packages
from fraudstream.system.failures import NotReady
from fraudstream.system.folders import PROJECT_ROOT
from fraudstream.system.own_packages import OWN_PACKAGES, package_complaints, require_own_packages


def run(*arguments, cwd, path=""):
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(path), str(PROJECT_ROOT))))}
    command = [sys.executable, "-m", "fraudstream", *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)  # noqa: S603


def test_packages_of_this_project_are_accepted(tmp_path):
    assert package_complaints() == []
    require_own_packages()
    assert run("--help", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("name", OWN_PACKAGES)
def test_every_command_refuses_a_foreign_package_on_the_path_and_names_it(tmp_path, name):
    foreign = tmp_path / "foreign" / name / "__init__.py"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("raise SystemExit('imported')\n")
    for command in ("doctor", "submit"):
        done = run(command, cwd=tmp_path, path=tmp_path / "foreign")
        assert (done.returncode, "Traceback" in done.stderr) == (3, False)
        assert f"expected the package {name} in {PROJECT_ROOT}, got {foreign}." in done.stderr


def test_a_module_of_that_name_in_the_working_folder_is_refused(tmp_path):
    (tmp_path / "models.py").write_text("")
    done = run("doctor", cwd=tmp_path)
    assert done.returncode == 3
    assert f"got {tmp_path / 'models.py'}. Remove its folder from PYTHONPATH" in done.stderr


def test_a_package_that_lost_its_init_file_is_refused(monkeypatch, tmp_path):
    (tmp_path / "jobs").mkdir()
    monkeypatch.setattr(own_packages, "OWN_PACKAGES", ("jobs",))
    monkeypatch.delitem(sys.modules, "jobs", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setattr(sys, "meta_path", [finder for finder in sys.meta_path if "Editable" not in repr(finder)])
    with pytest.raises(NotReady, match=f"got .*{tmp_path / 'jobs'}"):
        require_own_packages()


def test_no_job_is_submitted_with_a_foreign_package(monkeypatch, tmp_path):
    monkeypatch.setattr(own_packages, "ROOT", tmp_path)
    settings = load_settings(paths={"state": tmp_path / "state"})
    services = Services(broker=Broker(settings, "127.0.0.1:1"), rest_url="http://127.0.0.1:1")
    with pytest.raises(NotReady, match="expected the package schemas in "):
        submit(services)


def test_a_missing_package_is_refused(monkeypatch):
    monkeypatch.setattr(own_packages, "OWN_PACKAGES", ("no_package_of_this_name",))
    with pytest.raises(NotReady, match=r"found none\. Install fraudstream again"):
        require_own_packages()


def test_a_package_that_another_installation_overwrote_is_refused(tmp_path):
    packages = tmp_path / "site-packages"
    this_file = (PROJECT_ROOT / "fraudstream/system/own_packages.py").read_bytes()
    record = []
    for name in (*OWN_PACKAGES, "fraudstream", "fraudstream/system"):
        file = packages / name / "__init__.py"
        file.parent.mkdir(parents=True)
        file.write_text(f'"""Package {name}."""\n')
        digest = base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest()).rstrip(b"=").decode()
        record.append(f"{name}/__init__.py,sha256={digest},{file.stat().st_size}\n")
    (packages / "fraudstream/system/own_packages.py").write_bytes(this_file)
    (packages / "fraudstream-1.dist-info").mkdir()
    (packages / "fraudstream-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: fraudstream\nVersion: 1\n")
    (packages / "fraudstream-1.dist-info/RECORD").write_text("".join(record))
    code = "from fraudstream.system.own_packages import package_complaints; print(package_complaints())"

    def complaints():
        env = {"PYTHONPATH": str(packages)}
        command = [sys.executable, "-S", "-c", code]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True).stdout  # noqa: S603

    assert complaints() == "[]\n"
    (packages / "models/__init__.py").write_text('"""Models of another project."""\n')
    assert (
        f"expected {packages}/models/__init__.py to be fraudstream's, got the file of another package" in complaints()
    )
