"""Chaos test: kills processes under load and compares all scores with an oracle."""
