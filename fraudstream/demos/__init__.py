"""Demos: `fraudstream demo` and `make console`."""
