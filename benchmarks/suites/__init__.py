"""Suites of measurements, one per command."""
