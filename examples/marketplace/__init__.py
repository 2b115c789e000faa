"""Purchases on a marketplace."""
