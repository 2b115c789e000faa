from functools import cache

from models.features import hashing, kernel


@cache
def warm_up() -> None:
    """Compile all that the engine calls, or read it from the cache on disk; later calls do nothing.

    Takes some seconds on a machine's first run (benchmarks/features_kernel.py reports it) and some tens of
    milliseconds from then on. Call it where waiting is harmless, as in an operator's open().
    """
    for function, signature in (
        (hashing.hash_strings, hashing.HASH_SIGNATURE),
        (kernel.advance, kernel.ADVANCE_SIGNATURE),
        (kernel.remember, kernel.REMEMBER_SIGNATURE),
    ):
        function.compile(signature)
        function.disable_compile()
