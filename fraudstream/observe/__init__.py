"""Prometheus metrics and notifications."""
