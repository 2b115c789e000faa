"""Authorisations of a card issuer."""
