"""Durations in milliseconds. They never change, so compiled code may use them as constants."""

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
