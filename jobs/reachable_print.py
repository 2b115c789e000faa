"""Workaround for numba in workers that replace `print`."""

import builtins
import sys


def make_print_reachable() -> None:
    """Let numba be imported where PyFlink has replaced `print`.

    In process mode PyFlink's worker makes `print` a method that logs. Numba, when it is imported, imports
    `print` by its name from its module, where a method is not; so it is put there.
    """
    module = sys.modules.get(builtins.print.__module__)
    if module is not None and getattr(module, "print", None) is not builtins.print:
        setattr(module, "print", builtins.print)  # noqa: B010  (a module has no such attribute to a type checker)
