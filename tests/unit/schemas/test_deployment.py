"""Deployment records."""

from dataclasses import replace

import pytest

from schemas.avro_schemas import CONTROL
from schemas.codec import RecordCodec
from schemas.deployment import Deployment, DeploymentError
from schemas.registry import FileRegistry
from tests.unit.schemas.deployments import CHAMPION, DEPLOYMENT, SHADOW, TRIED


@pytest.mark.parametrize("deployment", [DEPLOYMENT, replace(DEPLOYMENT, challengers=())])
def test_record_round_trip_keeps_every_field(deployment):
    codec = RecordCodec(CONTROL, "", FileRegistry())
    assert Deployment.from_record(codec.decode(codec.encode(deployment.to_record()))) == deployment


@pytest.mark.parametrize("shares", [(-0.1, 0.2), (0.6, 0.5), (1.1, 0.0), (float("nan"), 0.0)])
def test_shares_out_of_range_or_above_one_in_sum_are_refused(shares):
    challengers = tuple(replace(TRIED, model_id=f"m{number}", share=share) for number, share in enumerate(shares))
    with pytest.raises(DeploymentError, match="expected shares of 0 to 1, of 1 at most together"):
        replace(DEPLOYMENT, challengers=challengers)


def test_shares_of_all_customers_are_allowed():
    challengers = tuple(replace(TRIED, model_id=f"m{number}", share=0.1) for number in range(10))
    assert len(replace(DEPLOYMENT, challengers=challengers).challengers) == 10


def test_model_named_twice_is_refused():
    with pytest.raises(DeploymentError, match="expected models of different names, got a, a"):
        replace(DEPLOYMENT, challengers=(replace(SHADOW, model_id="a"),))


def test_model_without_a_name_is_refused():
    with pytest.raises(DeploymentError, match="the name in a score identifies"):
        replace(DEPLOYMENT, champion=replace(CHAMPION, model_id=""))
