"""Baselines compute correct scores, so that their rates are comparable."""

from collections.abc import Callable

import pytest

from benchmarks.baselines.catalogue import BASELINES
from benchmarks.baselines.compare import compare_with_oracle
from benchmarks.baselines.drain import Work, drain
from benchmarks.baselines.oracle import Oracle
from fraudstream.settings.settings import ModelSettings
from tests.integration.scoring_lane import Lane
from tests.unit.training.histories import customer_artifact, customer_folder, history

pytestmark = pytest.mark.integration

SENT = 3_000


@pytest.mark.parametrize("slug", ["plain_loops", "flink_per_event"])
def test_baseline_writes_the_scores_of_the_oracle(open_lane: Callable[..., Lane], slug: str):
    lane, table = open_lane(), history().slice(0, SENT)
    lane.send(table)
    baseline = next(baseline for baseline in BASELINES if baseline.slug == slug)
    services = lane.services.with_settings(model=ModelSettings(artifact=customer_folder()))
    work = Work(services=services, events=round(SENT / baseline.share))
    drain(baseline, work, 0)
    result = compare_with_oracle(baseline, work, 0, Oracle(table, customer_artifact(), customers=50))
    assert result.fault is None
    assert result.compared > 0.1 * SENT
