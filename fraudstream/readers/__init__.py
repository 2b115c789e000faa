"""Readers of the topics by record type: alerts, card numbers, dead letters, labels, latency, scores of two jobs."""
