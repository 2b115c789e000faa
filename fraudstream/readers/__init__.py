"""Readers of the topics: alerts, dead letters, labels, latency, and comparisons of two jobs."""
