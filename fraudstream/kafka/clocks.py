"""Clocks of several machines."""

CLOCKS_APART_MS = 6 * 3_600_000
"""How far the clocks of broker, TaskManagers, API and command line may be apart: a record whose own time is asked for
is looked for from a Kafka time on that is so much earlier."""
