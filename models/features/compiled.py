import os
from pathlib import Path

import numba

_CACHE = Path(__file__).parent / "__pycache__"


def _may_cache() -> bool:
    """Whether compiled code can be kept: beside the sources, or where NUMBA_CACHE_DIR says.

    Without this numba would fall back to a folder in the user's home when the package is read-only.
    """
    folder = _CACHE if _CACHE.exists() else _CACHE.parent
    return bool(os.environ.get("NUMBA_CACHE_DIR")) or os.access(folder, os.W_OK)


inlined = numba.njit(nogil=True, error_model="numpy")
"""Decorator of a compiled function that only compiled ones call: it is kept within them."""

compiled = numba.njit(nogil=True, error_model="numpy", cache=_may_cache())
"""Decorator of a compiled function that Python calls, kept on disk.

Without fastmath, so that the same events give the same bits. Numba keeps machine code per source file and
watches that file alone: a function must not use functions or constants of another file of ours (a test sees
to it). Each is compiled for one signature alone (`warm_up`), so processes that compile at the same time
write the same content under the same name, each by an atomic rename.
"""
