"""Metrics in the queries of rules and dashboards, each with its expected labels."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from fraudstream.system.folders import PROJECT_ROOT

DOCKER = PROJECT_ROOT / "docker"
_METRIC = re.compile(r"\b((?:fraud|flink)[_:][a-zA-Z0-9_:]+)(?:\{([^}]*)\})?")
_GROUPING = re.compile(r"\bby \(([^)]*)\) \(")
_SHOWN = re.compile(r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}")


def rules() -> list[dict[str, str]]:
    groups = yaml.safe_load((DOCKER / "prometheus" / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def recorded() -> set[str]:
    return {rule["record"] for rule in rules() if "record" in rule}


def queries() -> Iterator[tuple[str, str]]:
    """Yield every expression with the texts that show its labels."""
    for rule in rules():
        yield rule["expr"], " ".join(rule.get("annotations", {}).values())
    for file in sorted((DOCKER / "grafana" / "dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            yield from ((target["expr"], target["legendFormat"]) for target in panel["targets"])


@dataclass(frozen=True)
class Query:
    """Metrics of an expression: the labels that it matches and groups by, and the labels shown."""

    text: str
    wanted: dict[str, set[str]]
    shown: set[str]


def parsed_queries() -> list[Query]:
    """Return the queries without recorded series, which are checked by their sources."""
    found = []
    for expression, shown in queries():
        wanted: dict[str, set[str]] = {}
        for match in _METRIC.finditer(expression):
            if match[1] not in recorded():
                matchers = re.findall(r"(\w+) ?[!=]", match[2] or "")
                wanted.setdefault(match[1], set()).update(matchers, _grouped_by(expression, match.start()))
        found.append(Query(expression, wanted, set(_SHOWN.findall(shown))))
    return found


def _grouped_by(expression: str, index: int) -> set[str]:
    """Return the labels by which the aggregations around an index group."""
    labels: set[str] = set()
    for match in _GROUPING.finditer(expression):
        depth = 0
        for end in range(match.end() - 1, len(expression)):
            depth += {"(": 1, ")": -1}.get(expression[end], 0)
            if depth == 0:
                break
        if match.end() <= index < end:
            labels.update(label.strip() for label in match[1].split(","))
    return labels
