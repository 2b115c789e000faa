"""Download and verification of the pinned jars."""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fraudstream.system.folders import package_file
from schemas.errors import UserError

LOCK = package_file("fraudstream.devstack", "jars.lock")
PARALLEL_DOWNLOADS = 6
TIMEOUT_S = 60


@dataclass(frozen=True, kw_only=True)
class Jar:
    """Entry of `jars.lock`.

    Parameters
    ----------
    group, artifact, version, classifier
        Maven coordinates; `classifier` is empty for the plain jar.
    sha256
        Expected hex digest.
    size
        Bytes, for the progress bar.
    needed_by
        `broker`, `flink`, `s3` (Flink's plugin) or `registry`.
    extension
        `jar`, or another extension of the artifact.
    """

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str
    size: int
    needed_by: str
    extension: str = "jar"

    @property
    def filename(self) -> str:
        """File name in Maven's layout."""
        suffix = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{suffix}.{self.extension}"


def read_lock(path: Path = LOCK) -> list[Jar]:
    """Read the table of pinned jars."""
    rows = json.loads(path.read_text())["jars"]
    return [Jar(needed_by=row.pop("for"), **row) for row in rows]


def sha256_of(path: Path) -> str:
    """Digest a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def intact(jar: Jar, folder: Path) -> bool:
    """Return whether `folder` has the jar with the size and checksum of the lock."""
    path = folder / jar.filename
    return path.is_file() and path.stat().st_size == jar.size and sha256_of(path) == jar.sha256


def fetch_jars(
    jars: Iterable[Jar],
    folder: Path,
    *,
    on_bytes: Callable[[int], None] | None = None,
    parallel: int = PARALLEL_DOWNLOADS,
) -> list[Path]:
    """Download the missing jars into `folder`, checked against the lock.

    Parameters
    ----------
    jars
        Lines of the lock.
    folder
        Target folder. A jar appears there only when complete and with the right checksum, so
        several processes may fetch at the same time.
    on_bytes
        Callback with the bytes received, called from several threads.

    Returns
    -------
    list of Path
        One path per jar, in the order of `jars`.

    Raises
    ------
    UserError
        When a download fails or a checksum differs.
    """
    wanted = list(jars)
    folder.mkdir(parents=True, exist_ok=True)
    missing = [jar for jar in wanted if not intact(jar, folder)]
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=folder) as incoming, ThreadPoolExecutor(parallel) as pool:
        tasks = [pool.submit(_fetch, jar, folder, Path(incoming), on_bytes) for jar in missing]
        try:
            for task in tasks:
                task.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)  # a first failure must not wait for the other downloads
            raise
    return [folder / jar.filename for jar in wanted]


def missing_jars(jars: Iterable[Jar], folder: Path) -> list[Jar]:
    """List the jars that are not in `folder` with the right checksum."""
    return [jar for jar in jars if not intact(jar, folder)]


def _fetch(jar: Jar, folder: Path, incoming: Path, on_bytes: Callable[[int], None] | None) -> None:
    arrived = download(
        jar.group, jar.artifact, jar.version, jar.classifier, jar.extension, into=incoming, on_bytes=on_bytes
    )
    digest = sha256_of(arrived)
    if digest != jar.sha256:
        raise UserError(
            f"expected sha256 {jar.sha256} for {jar.filename}, but the download has {digest}: "
            "something between you and the repository changes files; fetch it over another network"
        )
    arrived.replace(folder / jar.filename)


def download(
    group: str,
    artifact: str,
    version: str,
    classifier: str,
    extension: str = "jar",
    *,
    into: Path,
    on_bytes: Callable[[int], None] | None = None,
) -> Path:
    """Download one artifact by its Maven coordinates into a Maven folder tree below `into`, without checking it."""
    from jgo.maven import MavenContext, PythonResolver

    @contextmanager
    def progress(_name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield on_bytes or (lambda _count: None)

    context = MavenContext(
        resolver=PythonResolver(progress_callback=progress), repo_cache=into, local_repos=[], timeout=TIMEOUT_S
    )
    try:
        found = context.project(group, artifact).at_version(version).artifact(classifier, extension).resolve()
    except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"expected to download {group}:{artifact}:{version}, but: {reason}. "
            "Check the network (and HTTPS_PROXY, if you need one), then run the command again"
        ) from error
    return Path(found)
