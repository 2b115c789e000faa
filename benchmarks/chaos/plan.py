"""Faults and their times, drawn from the seed alone."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle

from jobs.job_config import Mode

PAUSE_S = (1.0, 6.0)
"""Bounds of the time before a fault."""
IMPATIENT = 0.25
"""Share of the faults after which the next one does not wait until the job has recovered."""


class Target(StrEnum):
    """Target of a fault. The values are those of tables and JSON."""

    TASKMANAGER = "taskmanager"
    JOBMANAGER = "jobmanager"
    ZOOKEEPER = "zookeeper"
    BROKER = "broker"
    PYTHON_WORKER = "python worker"
    CHECKPOINT_FOLDER = "checkpoint folder"
    OUTAGE = "outage"


ONCE = (Target.CHECKPOINT_FOLDER, Target.OUTAGE)
"""Faults that come once in a run, whatever is killed beside them."""


class Change(StrEnum):
    """Record that is published just before a fault, so that the fault meets it half done."""

    MODEL = "model"
    RULES = "rules"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One fault.

    Parameters
    ----------
    target
        Victim: the checkpoint folder becomes unwritable for a while, in an outage the cluster is gone for longer
        than a Kafka transaction lives, all else is killed.
    pause_s
        Seconds that pass before it.
    change
        Record published before it.
    patient
        Whether scores must come again before the next fault, or this one is only mended.
    """

    target: Target
    pause_s: float
    patient: bool
    change: Change


def targets(mode: Mode) -> tuple[Target, ...]:
    """List what can be killed in a mode."""
    always = (Target.TASKMANAGER, Target.JOBMANAGER, Target.ZOOKEEPER, Target.BROKER)
    return (*always, Target.PYTHON_WORKER) if mode == "process" else always


def draw_plan(kills: int, seed: int, killed: Sequence[Target], *, outage: bool = True) -> list[Step]:
    """Draw the faults of a run: `kills` of them shared evenly, in any order, and ONCE each of the others.

    Parameters
    ----------
    kills
        How many processes are killed; with at least three for each of `killed` all are hit three times.
    seed
        The same one gives the same plan.
    killed
        What can be killed.
    outage
        Whether the outage is one of the faults.
    """
    chance = random.Random(seed)  # noqa: S311 (a schedule, no secret)
    rest = chance.sample(killed, kills % len(killed))
    order = [*killed] * (kills // len(killed)) + rest
    order += [target for target in ONCE if outage or target is not Target.OUTAGE]
    chance.shuffle(order)
    changes = cycle(Change)
    return [
        Step(
            target=target,
            pause_s=round(chance.uniform(*PAUSE_S), 1),
            patient=chance.random() >= IMPATIENT,
            change=next(changes),
        )
        for target in order
    ]
