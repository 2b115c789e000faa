"""Demos of `fraudstream demo` and `make console`."""
