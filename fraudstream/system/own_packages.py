"""Check that the packages with generic names are the ones installed with fraudstream.

It imports nothing of the other packages, so that it runs even when one of them is shadowed.
"""

import importlib.metadata
import importlib.util
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

OWN_PACKAGES = ("schemas", "models", "jobs", "producers")
ROOT = Path(__file__).resolve().parents[2]
"""Folder of all our packages: a clone, or site-packages."""
_FIX = "Remove its folder from PYTHONPATH and run from another folder, or install fraudstream into its own environment"


def package_complaints() -> list[str]:
    """Return one message per package that is missing, or that Python finds elsewhere; none when all are ours."""
    recorded = _recorded_hashes()
    return [text for name in OWN_PACKAGES if (text := _complaint(name, recorded))]


def require_own_packages() -> None:
    """Refuse to run with a package of another project.

    Raises
    ------
    NotReady
        A package is missing or foreign; the message has the path that was found.
    """
    complaints = package_complaints()
    if complaints:
        from fraudstream.system.failures import NotReady  # noqa: PLC0415 (it imports `schemas`)

        raise NotReady("\n".join(complaints))


def _complaint(name: str, recorded: dict[str, str]) -> str | None:
    expected = ROOT / name / "__init__.py"
    try:
        spec = importlib.util.find_spec(name)
    except ValueError:  # a module without a spec was put under that name
        spec = None
    if spec is None:
        return f"expected the package {name} in {ROOT}, found none. Install fraudstream again."
    found = spec.origin or ", ".join(spec.submodule_search_locations or ())
    if Path(found).resolve() != expected:
        return f"expected the package {name} in {ROOT}, got {found}. {_FIX}."
    if recorded.get(name, digest := _digest(expected)) != digest:
        return (
            f"expected {expected} to be fraudstream's, got the file of another package. "
            "Install fraudstream again, into its own environment."
        )
    return None


def _recorded_hashes() -> dict[str, str]:
    """Return the installed hash of each package's `__init__.py`; a clone has none on record."""
    try:
        files = importlib.metadata.distribution("fraudstream").files or []
    except importlib.metadata.PackageNotFoundError:
        return {}
    return {
        file.parts[0]: file.hash.value
        for file in files
        if file.name == "__init__.py"
        and len(file.parts) == 2
        and file.hash
        and Path(str(file.locate())).is_relative_to(ROOT)
    }


def _digest(file: Path) -> str:
    return urlsafe_b64encode(sha256(file.read_bytes()).digest()).rstrip(b"=").decode()
