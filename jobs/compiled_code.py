"""Cache of the compiled kernels of shipped code, which Flink unpacks into another folder at each start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from numba import config
from numba.core.caching import CacheImpl, UserWideCacheLocator

from jobs.private_package import PREFIX


class PrivateCacheLocator(UserWideCacheLocator):
    """Cache folder named after private package and module: the package's name says which version of the code it is."""

    def __init__(self, function: Callable[..., Any], file: str) -> None:
        super().__init__(function, file)  # type: ignore[no-untyped-call]
        chosen = config.CACHE_DIR  # type: ignore[attr-defined]  # set when numba is imported
        folder = Path(chosen or Path(self._cache_path).parent)
        self._cache_path = str(folder.joinpath(*function.__module__.split(".")))

    @classmethod
    def from_function(cls, function: Callable[..., Any], file: str) -> Self | None:
        """Return the locator of a function in shipped code, None for any other and where nothing can be written."""
        if not function.__module__.startswith(PREFIX):
            return None
        found: Self | None = super().from_function(function, file)  # type: ignore[no-untyped-call]
        return found


def keep_compiled_code() -> None:
    """Let kernels of shipped code be compiled once on a machine, and not at each start of the job."""
    if PrivateCacheLocator not in CacheImpl._locator_classes:
        CacheImpl._locator_classes.insert(0, PrivateCacheLocator)
