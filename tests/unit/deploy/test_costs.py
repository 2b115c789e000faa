"""The page of costs is generated, and its quantities are those of the files and of the records."""

import importlib.util
import sys
from types import ModuleType

import hcl2
import pytest
import yaml

from fraudstream.system.folders import PROJECT_ROOT
from tests.records import label, label_codec, transaction, transaction_codec

DEPLOY = PROJECT_ROOT / "deploy"
LOG_OVERHEAD = 40
"""Bytes of a record's key, times and lengths in the log."""


@pytest.fixture(scope="module")
def costs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deploy_costs", DEPLOY / "costs.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_page_equals_the_generated_one(costs):
    assert (DEPLOY / "costs.md").read_text() == costs.page(), "python deploy/costs.py > deploy/costs.md"


def test_rate_of_a_core_is_that_of_the_readme(costs):
    rate = 2 * costs.RATE_PER_CORE
    assert f"| {rate:,} and " in (PROJECT_ROOT / "README.md").read_text()


def test_records_are_about_as_large_as_assumed(costs):
    found = {
        "transactions": len(transaction_codec().encode(transaction())),
        "labels": len(label_codec().encode(label())),
    }
    for kind, size in found.items():
        assert 0.6 * costs.RECORD_BYTES[kind] < size + LOG_OVERHEAD < 1.5 * costs.RECORD_BYTES[kind], kind


def test_production_is_what_the_page_counts(costs):
    (size, _) = costs.SIZES
    text = (DEPLOY / "terraform" / "environments" / "production" / "main.tf").read_text()
    platform = next(block for block in hcl2.loads(text)["module"] if "platform" in next(iter(block)))
    assert platform
    assert f'instance_type = "{size.broker}", brokers = {size.brokers}, volume_gib = ' in text
    volume = int(text.partition("volume_gib = ")[2].split()[0])
    assert size.disk_gib <= size.brokers * volume <= 1.5 * size.disk_gib
    assert f'instance_types = ["{size.node}"], min = {size.nodes}, usual = {size.nodes}, ' in text
    chart = yaml.safe_load((DEPLOY / "helm" / "fraudstream" / "values-production.yaml").read_text())
    assert size.slots <= chart["job"]["parallelism"]
