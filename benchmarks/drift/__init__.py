"""Scorecard of the drift detectors."""
