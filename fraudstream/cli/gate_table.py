"""Table of gates that a model passed or failed."""

from collections.abc import Iterable, Mapping
from typing import Any

from fraudstream.terminal import Rows


def gate_tables(gates: Iterable[Mapping[str, Any]]) -> list[Rows]:
    """Return the table of the gates, none without gates."""
    rows = [(gate["name"], "passed" if gate["passed"] else "FAILED", gate["expected"], gate["was"]) for gate in gates]
    return [Rows(("gate", "", "expected", "got"), rows)] if rows else []
