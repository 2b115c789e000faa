"""Clients of the broker: connections, topics, readers, codecs by topic."""
