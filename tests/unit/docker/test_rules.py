"""The alerting rules, in addition to `promtool test rules docker/prometheus/rules_test.yml`."""

import re
import shutil
import subprocess

import pytest
import yaml

from tests.prometheus_queries import DOCKER, queries, recorded, rules

CASES = DOCKER / "prometheus" / "rules_test.yml"


def test_every_alert_has_a_severity_and_what_to_do():
    for rule in rules():
        if "alert" in rule:
            assert rule["labels"]["severity"] in {"page", "ticket", "info"}, rule["alert"]
            assert set(rule["annotations"]) == {"summary", "action"}, rule["alert"]


def test_recorded_series_are_exactly_the_queried_ones():
    used = {name for expression, _ in queries() for name in re.findall(r"\bfraud:[\w:]+", expression)}
    assert used == recorded()


def test_every_alert_has_a_firing_and_a_silent_case():
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    cases = yaml.safe_load(CASES.read_text())["tests"]
    quiet = {case["alertname"] for test in cases for case in test.get("alert_rule_test", [])}
    samples = (s["labels"] for test in cases for case in test.get("promql_expr_test", []) for s in case["exp_samples"])
    firing = set(re.findall(r'alertname="(\w+)"', " ".join(samples)))
    assert quiet == firing == alerts


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool (Debian's package prometheus) is not here")
def test_promtool_passes_all_cases():
    done = subprocess.run(  # noqa: S603
        [shutil.which("promtool"), "test", "rules", CASES.name],
        cwd=CASES.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
