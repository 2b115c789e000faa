"""Scoring operator without Flink; everything else is tested in a running job."""

import gc
import weakref

import pytest

from jobs.operators.score_batch import ScoreBatch
from tests.unit.jobs.job_configs import job_config


class Attempt:
    """An object of an earlier attempt of the job, in a reference cycle."""

    def __init__(self) -> None:
        self.cycle = self


@pytest.fixture
def no_collection_by_itself():
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection_by_itself")
def test_open_frees_objects_of_an_earlier_attempt_even_if_it_fails_afterwards(tmp_path):
    earlier = weakref.ref(Attempt())
    operator = ScoreBatch(job_config(model=str(tmp_path)))
    with pytest.raises(AttributeError):  # of the context, which only Flink gives
        operator.open(None)
    assert earlier() is None
