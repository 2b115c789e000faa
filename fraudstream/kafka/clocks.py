"""Clocks of several machines."""

CLOCKS_APART_MS = 6 * 3_600_000
"""Maximum difference between the clocks of broker, TaskManagers, API and command line: a search by a record's own time
begins at a Kafka time that much earlier."""
