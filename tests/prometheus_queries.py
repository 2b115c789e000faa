"""What the rules and the dashboards ask Prometheus for: names of metrics, each with the labels that it should have."""

import json
import re
from collections.abc import Iterator

import yaml

from runtime.folders import PROJECT_ROOT

DOCKER = PROJECT_ROOT / "docker"
_METRIC = re.compile(r"\b((?:fraud|flink)[_:][a-zA-Z0-9_:]+)(?:\{([^}]*)\})?")
_GROUPING = re.compile(r"\bby \(([^)]*)\)")
_SHOWN = re.compile(r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}")


def rules() -> list[dict[str, str]]:
    groups = yaml.safe_load((DOCKER / "prometheus" / "rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def recorded() -> set[str]:
    return {rule["record"] for rule in rules() if "record" in rule}


def queries() -> Iterator[tuple[str, str]]:
    """Yield every expression with the texts in which its labels are shown."""
    for rule in rules():
        yield rule["expr"], " ".join(rule.get("annotations", {}).values())
    for file in sorted((DOCKER / "grafana" / "dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            yield from ((target["expr"], target["legendFormat"]) for target in panel["targets"])


def asked_for() -> set[tuple[str, frozenset[str]]]:
    """Return each metric of an exporter with the labels that some query wants of it."""
    known = recorded()
    found = set()
    for expression, shown in queries():
        grouping = {label.strip() for group in _GROUPING.findall(expression) for label in group.split(",")}
        labels = grouping | set(_SHOWN.findall(shown))
        for name, matchers in _METRIC.findall(expression):
            if name not in known:
                own = {matcher.split("=")[0].rstrip("!").strip() for matcher in matchers.split(",") if matcher}
                found.add((name, frozenset(own | labels)))
    return found
