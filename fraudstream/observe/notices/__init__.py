"""Notices by webhook and log."""
