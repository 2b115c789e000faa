"""The runbook covers every alerting rule, and names existing metrics."""

import re

import yaml

from fraudstream.system.folders import PROJECT_ROOT

PAGE = (PROJECT_ROOT / "docs" / "runbook.md").read_text()
FIGURES = (PROJECT_ROOT / "docs" / "metrics.md").read_text()


def test_runbook_names_every_alerting_rule_and_no_other():
    groups = yaml.safe_load((PROJECT_ROOT / "docker" / "prometheus" / "rules.yml").read_text())["groups"]
    rules = {rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule}
    assert set(re.findall(r"\bFraud[A-Z]\w+", PAGE)) == rules


def test_every_metric_is_on_the_metrics_page():
    known = FIGURES + "fraud_checkpoint_duration_seconds"  # a row of metrics.md shortens it
    assert [name for name in re.findall(r"\bfraud_\w+", PAGE) if name not in known] == []
