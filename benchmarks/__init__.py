"""Benchmarks, chaos tests and baselines; not part of the wheel."""
