"""Readers of the topics by record type: alerts, dead letters, labels, latency, scores of two jobs."""
