"""Simulated and recorded transactions, sent to Kafka."""
