"""Drift detection on scores, features and errors."""
