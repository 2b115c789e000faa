"""Manifest of an exported state."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from jobs.state_files import StateFileError
from jobs.state_manifest import StateManifest, StateMismatchError
from models.whole_file import replace_file

EXPORT_MANIFEST = "manifest.json"
"""File of the manifest in the folder of the export, written last."""

FORM = 1


@dataclass(frozen=True, kw_only=True)
class ExportedFile:
    """File of an export.

    Parameters
    ----------
    sha256
        Digest of the file.
    """

    entries: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ExportManifest:
    """Content of an exported state.

    Parameters
    ----------
    savepoint
        Savepoint or checkpoint that it is of.
    state
        Manifest of that savepoint; with the positions that a job of this state starts at.
    files
        By name.
    entries
        Number of entries by handle of the state.
    """

    savepoint: str
    state: StateManifest
    files: dict[str, ExportedFile]
    entries: dict[str, int]

    def write(self, folder: Path) -> None:
        """Write it into the folder of the export."""
        content = {**asdict(self), "form": FORM, "state": json.loads(self.state.to_json())}
        replace_file(folder / EXPORT_MANIFEST, json.dumps(content, indent=2).encode() + b"\n")

    @classmethod
    def read(cls, folder: Path) -> ExportManifest:
        """Read it from the folder of an export.

        Raises
        ------
        StateFileError
            There is none, or it is of another form.
        """
        file = folder / EXPORT_MANIFEST
        try:
            found = dict(json.loads(file.read_bytes()))
            if found.get("form") != FORM:
                raise StateFileError(
                    f"expected {file} of form {FORM}, got form {found.get('form')}. "
                    "Use the version of fraudstream that wrote it"
                )
            return cls(
                savepoint=str(found["savepoint"]),
                state=StateManifest.from_json(json.dumps(found["state"])),
                files={str(name): ExportedFile(**file) for name, file in found["files"].items()},
                entries={str(name): int(count) for name, count in found["entries"].items()},
            )
        except (FileNotFoundError, NotADirectoryError):
            raise StateFileError(
                f"expected a folder of `fraudstream state export` at {folder}, found no {EXPORT_MANIFEST} there. "
                "Name another folder, or export again"
            ) from None
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, StateMismatchError) as error:
            if isinstance(error, StateFileError):
                raise
            raise StateFileError(
                f"expected a manifest of an exported state in {file}, got {type(error).__name__}: {error}. Export again"
            ) from None

    def require_files(self, folder: Path) -> None:
        """Refuse an export with files that are missing, changed or of another export.

        Raises
        ------
        StateFileError
            With all of them.
        """
        wrong = [*self._wrong(folder)]
        if wrong:
            raise StateFileError("\n".join(["This export is not whole. Export again.", *wrong]))

    def _wrong(self, folder: Path) -> list[str]:
        found = {file.name for file in folder.glob("*.parquet")}
        lines = [f"expected no file {name}, found one" for name in sorted(found - self.files.keys())]
        for name, file in self.files.items():
            if name not in found:
                lines.append(f"expected a file {name}, found none")
            elif (digest := sha256_of(folder / name)) != file.sha256:
                lines.append(f"expected {name} to have the SHA-256 {file.sha256}, got {digest}")
        return lines


def sha256_of(file: Path) -> str:
    """Return the digest of a file in hexadecimal digits."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
