"""Keyed value state without Flink."""


class Value:
    """A value state."""

    def __init__(self):
        self.raw = None

    def value(self):
        return self.raw

    def update(self, raw):
        self.raw = raw

    def clear(self):
        self.raw = None
