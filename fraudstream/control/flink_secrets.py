"""Flink settings whose values are hidden."""

MARKS = (
    "password", "secret", "fs.azure.account.key", "apikey", "api-key", "auth-params", "service-key", "token",
    "basic-auth", "jaas.config", "http-headers",
)  # fmt: skip
"""Flink's own list (GlobalConfiguration): it hides the values of keys that contain one of these."""


def is_secret(name: str) -> bool:
    """Return whether the value of a Flink setting is secret."""
    return any(mark in name.lower() for mark in MARKS)
