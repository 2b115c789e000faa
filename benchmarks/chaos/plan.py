"""Plan of the faults, drawn from the seed."""

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
"""Share of the faults whose successor does not wait for the job's recovery."""


class Target(StrEnum):
    """Target of a fault; the values appear in tables and JSON."""

    TASKMANAGER = "taskmanager"
    JOBMANAGER = "jobmanager"
    ZOOKEEPER = "zookeeper"
    BROKER = "broker"
    PYTHON_WORKER = "python worker"
    CHECKPOINT_FOLDER = "checkpoint folder"
    OUTAGE = "outage"


ONCE = (Target.CHECKPOINT_FOLDER, Target.OUTAGE)
"""Faults that occur once in a run, in addition to the kills."""


class Change(StrEnum):
    """Record published just before a fault, which interrupts its handling."""

    MODEL = "model"
    RULES = "rules"


@dataclass(frozen=True, kw_only=True)
class Step:
    """Step of the plan: one fault.

    Parameters
    ----------
    target
        Target: the checkpoint folder becomes unwritable for a while, in an outage the cluster is stopped for longer
        than a Kafka transaction lives, others are killed.
    pause_s
        Seconds before it.
    change
        Record published before it.
    patient
        Whether the next fault waits for new scores, or only for the repair.
    """

    target: Target
    pause_s: float
    patient: bool
    change: Change


def targets(mode: Mode) -> tuple[Target, ...]:
    """Return the processes that can be killed in a mode."""
    always = (Target.TASKMANAGER, Target.JOBMANAGER, Target.ZOOKEEPER, Target.BROKER)
    return (*always, Target.PYTHON_WORKER) if mode == "process" else always


def draw_plan(kills: int, seed: int, killed: Sequence[Target], *, outage: bool = True) -> list[Step]:
    """Draw the faults of a run: `kills` of them shared evenly, in random sequence, and each of ONCE.

    Parameters
    ----------
    kills
        Number of processes to kill; three per process of `killed` hit each three times.
    seed
        The same seed gives the same plan.
    killed
        Processes that can be killed.
    outage
        Whether the outage is one of the faults.
    """
    chance = random.Random(seed)  # noqa: S311 (a schedule, no secret)
    rest = chance.sample(killed, kills % len(killed))
    sequence = [*killed] * (kills // len(killed)) + rest
    sequence += [target for target in ONCE if outage or target is not Target.OUTAGE]
    chance.shuffle(sequence)
    changes = cycle(Change)
    return [
        Step(
            target=target,
            pause_s=round(chance.uniform(*PAUSE_S), 1),
            patient=chance.random() >= IMPATIENT,
            change=next(changes),
        )
        for target in sequence
    ]
