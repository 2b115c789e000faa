"""Options of a table's DDL."""

import re


def options(statement: str) -> dict[str, str]:
    """Read the WITH clause as SQL does: a quote inside a value is written twice."""
    clause = statement.partition(") WITH (")[2]
    pairs = re.findall(r"'((?:[^']|'')*)' = '((?:[^']|'')*)'", clause)
    return {name.replace("''", "'"): value.replace("''", "'") for name, value in pairs}
