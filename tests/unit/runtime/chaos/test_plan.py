from collections import Counter
from itertools import pairwise

import pytest

from runtime.chaos.plan import Target, draw_plan, targets


def test_same_seed_gives_the_same_plan():
    assert draw_plan(20, 7, targets("thread")) == draw_plan(20, 7, targets("thread"))
    assert draw_plan(20, 7, targets("thread")) != draw_plan(20, 8, targets("thread"))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("mode", ["thread", "process"])
def test_full_run_kills_everything_at_least_three_times(seed, mode):
    hits = Counter(step.target for step in draw_plan(20, seed, targets(mode)))
    assert hits.pop(Target.CHECKPOINT_FOLDER) == 1
    assert hits.total() == 20
    assert set(hits) == set(targets(mode))
    assert min(hits.values()) >= 3


def test_python_workers_are_killed_in_process_mode_alone():
    assert Target.PYTHON_WORKER in targets("process")
    assert Target.PYTHON_WORKER not in targets("thread")


def test_fewer_kills_than_targets_hit_different_ones():
    hits = [step.target for step in draw_plan(2, 3, targets("thread")) if step.target is not Target.CHECKPOINT_FOLDER]
    assert len(set(hits)) == 2


def test_moments_rise():
    moments = [step.at_s for step in draw_plan(20, 5, targets("thread"))]
    assert moments[0] > 0
    assert all(earlier < later for earlier, later in pairwise(moments))
