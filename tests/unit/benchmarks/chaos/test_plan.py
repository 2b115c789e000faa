"""Plans of chaos runs."""

from collections import Counter

import pytest

from benchmarks.chaos.plan import ONCE, Change, Target, draw_plan, targets


def test_same_seed_gives_the_same_plan():
    assert draw_plan(20, 7, targets("thread")) == draw_plan(20, 7, targets("thread"))
    assert draw_plan(20, 7, targets("thread")) != draw_plan(20, 8, targets("thread"))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("mode", ["thread", "process"])
def test_full_run_kills_everything_at_least_three_times(seed, mode):
    hits = Counter(step.target for step in draw_plan(20, seed, targets(mode)))
    assert [hits.pop(target) for target in ONCE] == [1, 1]
    assert hits.total() == 20
    assert set(hits) == set(targets(mode))
    assert min(hits.values()) >= 3


def test_python_workers_are_killed_only_in_process_mode():
    assert Target.PYTHON_WORKER in targets("process")
    assert Target.PYTHON_WORKER not in targets("thread")


def test_fewer_kills_than_targets_hit_different_ones():
    hits = [step.target for step in draw_plan(2, 3, targets("thread")) if step.target not in ONCE]
    assert len(set(hits)) == 2


def test_few_faults_hit_a_recovering_job():
    steps = [step for seed in range(10) for step in draw_plan(20, seed, targets("thread"))]
    impatient = sum(not step.patient for step in steps)
    assert 0 < impatient < len(steps) / 2
    assert all(step.pause_s > 0 for step in steps)


def test_models_and_rules_change_alternately():
    changes = [step.change for step in draw_plan(4, 2, targets("thread"))]
    assert changes[:2] == [Change.MODEL, Change.RULES]
    assert abs(changes.count(Change.MODEL) - changes.count(Change.RULES)) <= 1
