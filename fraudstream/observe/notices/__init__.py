"""Notices to people, by webhook and log."""
