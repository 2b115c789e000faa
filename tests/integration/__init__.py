"""Tests with real Kafka and real Flink."""
