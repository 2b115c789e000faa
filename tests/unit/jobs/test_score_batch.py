"""Scoring operator without Flink; everything else is tested in a running job."""

import gc
import weakref

import pytest

from jobs.operators.score_batch import ScoreBatch
from tests.unit.jobs.job_configs import job_config


class Attempt:
    """Something of an earlier attempt of the job that holds itself in a cycle."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture
def no_collection_by_itself():
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection_by_itself")
def test_open_frees_what_an_earlier_attempt_left_even_when_it_then_fails(tmp_path):
    earlier = weakref.ref(Attempt())
    operator = ScoreBatch(job_config(model=str(tmp_path)))
    with pytest.raises(AttributeError):  # of the context, which only Flink gives
        operator.open(None)
    assert earlier() is None
