"""Our packages under one private name, so that the job shares an interpreter with any other `models` or `schemas`.

In thread mode all jobs of a TaskManager are in one interpreter, and `import models` finds what was imported first under
that name, whosever it is. So the job's code is imported as ``<private>.jobs``, ``<private>.models`` and
``<private>.schemas``, from files that are as they are: their imports of one another are resolved within the private
package. Compiled code of these files, Python's and Numba's, is shared with processes that import them as usual.

The interpreter outlives a job, and with it the modules; the folder that Flink unpacked them to goes with the job. A
later job of the same code brings another folder: what is imported or read from then on comes from there.

This file becomes the `__init__.py` of the private package, so it imports nothing but Python's own library.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.readers import FileReader
from pathlib import Path
from types import ModuleType
from typing import Any

SHIPPED = ("jobs", "models", "schemas")
"""Packages that the operators import."""

PREFIX = "fraudstream_job_"
"""Beginning of a private package's name; a digest of its files follows."""


class PrivateFinder(MetaPathFinder):
    """Finder of the modules of one private package.

    Parameters
    ----------
    package : str
        Name of the private package.
    """

    def __init__(self, package: str) -> None:
        self._package, self._prefix = package, f"{package}."
        self._folder = Path(sys.modules[package].__path__[0])
        self._builtins = {**vars(builtins), "__import__": self._import}

    def folder(self) -> Path:
        """Return the package's folder: while it is there the one it was imported from, then another on the path."""
        if not self._folder.is_dir():
            folders = (Path(entry, self._package) for entry in sys.path)
            self._folder = next((folder for folder in folders if folder.is_dir()), self._folder)
        return self._folder

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  (that of the package as it was first imported)
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Find a module below the package, as Python would; its imports of our packages stay within it."""
        if not fullname.startswith(self._prefix):
            return None
        _, *parents, _ = fullname.split(".")
        spec = PathFinder.find_spec(fullname, [str(self.folder().joinpath(*parents))], target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _PrivateLoader(fullname, spec.loader.path, self._builtins, self)
        return spec

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # noqa: A002  (named as the built-in function names it)
        locals: Mapping[str, Any] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """Import as the built-in function does, our packages by their private names."""
        root = name.partition(".")[0]
        if level or root not in SHIPPED:
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        found = builtins.__import__(self._prefix + name, globals, locals, fromlist or (), 0)
        return found if fromlist else sys.modules[self._prefix + root]


class _PrivateLoader(SourceFileLoader):
    """Loader whose modules see other built-in functions; the compiled files are the usual ones."""

    def __init__(self, fullname: str, path: str, found: dict[str, Any], finder: PrivateFinder) -> None:
        super().__init__(fullname, path)
        self._builtins, self._finder = found, finder
        self._within = Path(path).relative_to(finder.folder())

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module."""
        vars(module)["__builtins__"] = self._builtins
        super().exec_module(module)

    def get_resource_reader(self, name: str | None = None) -> FileReader:
        """Return the reader of the files of a package."""
        current = SourceFileLoader(name or self.name, str(self._finder.folder() / self._within))
        return FileReader(current)


def install(package: str) -> None:
    """Make the modules of a private package importable in this interpreter."""
    sys.meta_path.insert(0, PrivateFinder(package))
