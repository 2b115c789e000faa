"""Readers of the topics: alerts, dead letters, labels, latency, comparison of two jobs' scores."""
