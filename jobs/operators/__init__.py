from jobs.reachable_print import make_print_reachable

# Before any operator, since these import what imports numba.
make_print_reachable()
