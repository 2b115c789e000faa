"""Applications for accounts."""
