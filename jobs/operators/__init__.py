"""Operators of the job and what they are made of."""

from jobs.reachable_print import make_print_reachable

# Before any operator, since these import what imports numba.
make_print_reachable()

from jobs.compiled_code import keep_compiled_code  # noqa: E402

keep_compiled_code()
