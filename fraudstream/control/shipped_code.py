"""Our packages as they are shipped to a cluster of the user's: below one name that no other job uses."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fraudstream.system.folders import PROJECT_ROOT
from jobs.private_package import PREFIX, SHIPPED

LOADER = PROJECT_ROOT / "jobs" / "private_package.py"


@dataclass(frozen=True, kw_only=True)
class ShippedCode:
    """A copy of the job's code, named after its contents: two versions of it do not share a module either.

    Parameters
    ----------
    folder : Path
        Folder to put on the Python path of client and TaskManagers, with the package alone.
    package : str
        Name of the private package, see `jobs.private_package`.
    """

    folder: Path
    package: str

    @property
    def script(self) -> Path:
        """The job's entry file."""
        return self.folder / "score_transactions.py"


def ship_code(code: Path) -> ShippedCode:
    """Write the job's code below a folder, unless it is there already."""
    files = {file.relative_to(PROJECT_ROOT).as_posix(): file.read_bytes() for file in _files()}
    name = f"{PREFIX}{_digest(files)}"
    shipped = ShippedCode(folder=code / name, package=name)
    if not shipped.folder.exists():
        code.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".", dir=code))
        _write(draft, name, files)
        try:
            draft.rename(shipped.folder)
        except OSError:  # another process was first, with the same contents
            shutil.rmtree(draft)
    return shipped


def _files() -> Iterator[Path]:
    for package in SHIPPED:
        for file in sorted((PROJECT_ROOT / package).rglob("*")):
            if file.is_file() and file.parent.name != "__pycache__":
                yield file


def _digest(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name} {len(content)} ".encode() + content)
    return digest.hexdigest()[:12]


def _write(target: Path, name: str, files: dict[str, bytes]) -> None:
    for file, content in files.items():
        copy = target / name / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content)
    (target / name / "__init__.py").write_text(f"{LOADER.read_text()}\n\ninstall(__name__)\n")
    (target / "score_transactions.py").write_text(
        f'"""Entry file of the job."""\n\nfrom {name}.jobs.score_transactions import run\n\nrun()\n'
    )
