"""Command line of fraudstream."""

from fraudstream.system.own_packages import require_own_packages

# Before any command's module: with a package of another distribution their imports fail, each in its own way.
require_own_packages()
