"""Decorators of compiled functions, and their cache on disk."""

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

import numba

_CACHE = Path(__file__).parent / "__pycache__"


def _may_cache() -> bool:
    """Whether compiled code can be cached: next to the sources, or in NUMBA_CACHE_DIR.

    Without this numba would fall back to a folder in the user's home when the package is read-only.
    """
    folder = _CACHE if _CACHE.exists() else _CACHE.parent
    return bool(os.environ.get("NUMBA_CACHE_DIR")) or os.access(folder, os.W_OK)


inlined = numba.njit(nogil=True, error_model="numpy", forceinline=True)
"""Decorator of a compiled function that only compiled ones call. It is inlined: a call pushes arrays word by word."""

compiled = numba.njit(nogil=True, error_model="numpy", cache=_may_cache())
"""Decorator of a compiled function that Python calls, kept on disk.

Without fastmath, so that the same events give the same bits. Numba caches machine code per source file and
checks that file alone for changes: a function must not use functions or constants of another file of `models/`
(a test checks it), unless `compiled_with` names the file. Each is compiled for one signature alone (`warm_up`), so
processes that compile at the same time write the same content under the same name, each by an atomic rename.
"""


def compiled_with(*parts: ModuleType) -> Callable[[Callable[..., Any]], Any]:
    """Return the decorator `compiled` for a function that inlines functions of other modules.

    The stamps of their files become part of the cache's own, so a change of any of them compiles the function again.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher: Any = compiled(function)
        cache = getattr(dispatcher, "_cache", None)  # None where NUMBA_DISABLE_JIT leaves the function as it is
        index = getattr(cache, "_cache_file", None)
        if index is not None:
            stats = [Path(str(part.__file__)).stat() for part in parts]
            index._source_stamp = (index._source_stamp, *((stat.st_mtime, stat.st_size) for stat in stats))
        dispatcher.parts = parts
        return dispatcher

    return decorate


def compiles_once(warm_up: Callable[[], None]) -> Callable[[], None]:
    """Decorate a function that compiles others and then bars them from compiling: it runs once, and later calls wait.

    The operators of a TaskManager open in threads of one process, so several of them call it at the same time.
    """
    lock, done = Lock(), False

    @wraps(warm_up)
    def run() -> None:
        nonlocal done
        with lock:
            if not done:
                warm_up()
                done = True

    return run
