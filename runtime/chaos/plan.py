"""What is done to the stack, and when: drawn from the seed alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from jobs.job_config import Mode

FIRST_S = (4.0, 8.0)
GAP_S = (5.0, 15.0)
"""Bounds of the time to the first fault and between two: short ones hit a job that is still recovering."""


class Target(StrEnum):
    """What a fault hits. The values are what tables and JSON say."""

    TASKMANAGER = "taskmanager"
    JOBMANAGER = "jobmanager"
    ZOOKEEPER = "zookeeper"
    BROKER = "broker"
    PYTHON_WORKER = "python worker"
    CHECKPOINT_FOLDER = "checkpoint folder"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One fault.

    Parameters
    ----------
    at_s
        When, in seconds from the begin of the stream; it comes later if an earlier one is still being mended.
    target
        What it hits: the checkpoint folder becomes unwritable for a while, all else is killed.
    """

    at_s: float
    target: Target


def targets(mode: Mode) -> tuple[Target, ...]:
    """List what can be killed in a mode."""
    always = (Target.TASKMANAGER, Target.JOBMANAGER, Target.ZOOKEEPER, Target.BROKER)
    return (*always, Target.PYTHON_WORKER) if mode == "process" else always


def draw_plan(kills: int, seed: int, killed: Sequence[Target]) -> list[Step]:
    """Draw the faults of a run: `kills` of them shared evenly, in any order, and the checkpoint folder once.

    Parameters
    ----------
    kills
        How many processes are killed; with at least three for each of `killed` all are hit three times.
    seed
        The same one gives the same plan.
    killed
        What can be killed.
    """
    chance = random.Random(seed)  # noqa: S311 (a schedule, no secret)
    rest = chance.sample(killed, kills % len(killed))
    order = [*killed] * (kills // len(killed)) + rest
    order.append(Target.CHECKPOINT_FOLDER)
    chance.shuffle(order)
    gaps = [chance.uniform(*FIRST_S), *(chance.uniform(*GAP_S) for _ in order[1:])]
    return [Step(at_s=round(sum(gaps[: n + 1]), 1), target=target) for n, target in enumerate(order)]
