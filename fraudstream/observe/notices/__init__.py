"""Notifications by webhook and log."""
