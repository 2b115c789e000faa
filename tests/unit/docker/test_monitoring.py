"""Prometheus and Grafana query only metrics that are exported."""

import inspect
import json
import re
import zipfile

import numpy as np
import pytest
import yaml

from fraudstream.cli.metrics import metrics
from fraudstream.devstack.flink_home import distribution
from fraudstream.system.folders import PROJECT_ROOT
from jobs.operators.counts import GROUP, Counts
from jobs.operators.entity_counts import EntityCounts
from models.rules.rule_engine import RuleEngine
from tests.unit.rules.batches import rule_batch
from tests.unit.rules.books import book, rule

DOCKER = PROJECT_ROOT / "docker"
OPERATOR, TASK, JOB, JVM = (
    "flink_taskmanager_job_task_operator_",
    "flink_taskmanager_job_task_",
    "flink_jobmanager_job_",
    "flink_taskmanager_Status_JVM_",
)
"""Prefixes that the reporter derives from Flink's scopes."""


class NamedGroup:
    """A metric group that remembers the requested names."""

    def __init__(self, names: list[str], prefix: str = "") -> None:
        self._names, self._prefix = names, prefix

    def get_metrics_group(self) -> "NamedGroup":
        return self

    def add_group(self, name: str, value: str | None = None) -> "NamedGroup":  # noqa: ARG002  (it becomes a label)
        return NamedGroup(self._names, f"{self._prefix}{name}_")

    def counter(self, name: str) -> "NamedGroup":
        self._names.append(self._prefix + name)
        return self

    def inc(self, count: int) -> None:
        """Count nothing."""


@pytest.fixture(scope="module")
def dashboard():
    return json.loads((DOCKER / "grafana" / "dashboards" / "flink.json").read_text())


@pytest.fixture(scope="module")
def queried(dashboard) -> set[str]:
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return {name for text in expressions for name in re.findall(r"\bflink_\w+", text)}


def test_dashboard_shows_exactly_the_counters_of_the_job(queried):
    counters: list[str] = []
    engine = RuleEngine(book(rule("all", "amount >= 0")))
    ruling = engine.apply(rule_batch({}), np.zeros(1, np.uint8))
    Counts(NamedGroup(counters)).ruled(engine.rules, ruling)
    EntityCounts(NamedGroup(counters))
    assert {name for name in queried if GROUP in name} == {OPERATOR + name for name in counters}


def test_other_metrics_have_names_of_flink(queried):
    (dist,) = (distribution() / "lib").glob("flink-dist-*.jar")
    with zipfile.ZipFile(dist) as jar:
        classes = [
            jar.read(f"org/apache/flink/runtime/{name}.class")
            for name in ("metrics/MetricNames", "checkpoint/DefaultCheckpointStatsTracker", "metrics/util/MetricUtils")
        ]
    for metric in queried:
        if GROUP not in metric:
            (scope,) = [scope for scope in (OPERATOR, JOB, JVM) if metric.startswith(scope)] or [TASK]
            for part in metric.removeprefix(scope).split("_"):
                assert any(part.encode() in code for code in classes), metric


def test_dashboard_queries_the_provisioned_source(dashboard):
    sources = yaml.safe_load((DOCKER / "grafana/provisioning/datasources/prometheus.yaml").read_text())["datasources"]
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {source["uid"] for source in sources}
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_grafana_finds_dashboards_and_source_where_they_are_mounted(compose):
    mounts = [mount.split(":")[1] for mount in compose["services"]["grafana"]["volumes"]]
    provider = yaml.safe_load((DOCKER / "grafana/provisioning/dashboards/fraudstream.yaml").read_text())
    assert provider["providers"][0]["options"]["path"] in mounts
    source = yaml.safe_load((DOCKER / "grafana/provisioning/datasources/prometheus.yaml").read_text())
    name, _, port = source["datasources"][0]["url"].removeprefix("http://").partition(":")
    assert f"127.0.0.1:9090:{port}" in compose["services"][name]["ports"]


def test_prometheus_scrapes_the_exporter_and_has_the_rules(compose):
    settings = yaml.safe_load((DOCKER / "prometheus" / "prometheus.yml").read_text())
    (ours,) = [job for job in settings["scrape_configs"] if job["job_name"] == "fraudstream"]
    (host, port) = ours["static_configs"][0]["targets"][0].split(":")
    assert "metrics" in compose["services"][host]["command"]
    assert int(port) == inspect.signature(metrics).parameters["port"].default
    assert compose["services"][host]["healthcheck"]["test"][-1].endswith(f"/{port}")
    mounts = [mount.split(":")[1] for mount in compose["services"]["prometheus"]["volumes"]]
    assert [f"/etc/prometheus/{name}" for name in settings["rule_files"]] == [m for m in mounts if "rules" in m]


def test_prometheus_scrapes_every_part_of_flink_at_the_reporter_port(flink_settings):
    found = yaml.safe_load((DOCKER / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    targets = [target for job in found if job["job_name"] == "flink" for target in job["dns_sd_configs"]]
    assert {name for target in targets for name in target["names"]} == {"jobmanager", "taskmanager"}
    assert {str(target["port"]) for target in targets} == {flink_settings["metrics.reporter.prom.port"]}
