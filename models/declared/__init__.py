"""Declared features: aggregates of a team's own columns, by its own entities."""
