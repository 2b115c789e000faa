"""Phases of load on the running job: each a load of its own, and what was seen meanwhile."""

import json
import subprocess
import sys
from dataclasses import dataclass

from benchmarks.bench import console
from benchmarks.vitals import Look, Vitals
from fraudstream.devstack.stack import Services
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure

CATCH_UP_S = 900.0
SATURATING_RATE = 80_000.0
MAX_GROWTH = 0.03
"""Of the lag, as a share of the rate: looks are two seconds apart, and lag is never quite even."""
WARM_UP_S, STEP_S, STEPS = 60.0, 30.0, 4


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A load, and what it did.

    Attributes
    ----------
    published : int
    rate : float
        Transactions a second that were really published.
    behind_ms : float
        How late the latest of them was against the schedule.
    looks : list of Look
        From the load's begin until all was scored.
    ended : Look
        When the load ended.
    """

    published: int
    rate: float
    behind_ms: float
    looks: list[Look]
    ended: Look

    @property
    def catch_up_s(self) -> float:
        """Seconds from the load's end until all was scored."""
        return self.looks[-1].at_s - self.ended.at_s

    @property
    def scored_rate(self) -> float:
        """Transactions a second that were scored in the second half of the load."""
        half, last = self._second_half
        return (last.scored - half.scored) / (last.at_s - half.at_s)

    @property
    def lag_growth(self) -> float:
        """By how much the lag grew in the second half of the load, transactions a second."""
        half, last = self._second_half
        return (last.lag - half.lag) / (last.at_s - half.at_s)

    @property
    def kept_up(self) -> bool:
        """Whether no lag grew.

        At the end less than a second's worth waited: what is on its way at every moment, and a checkpoint's pause. And
        nearly all was scored as it came.
        """
        return self.ended.lag < self.rate and self.lag_growth < MAX_GROWTH * self.rate

    @property
    def _second_half(self) -> tuple[Look, Look]:
        # The load's process ends a moment after the load: what is seen then is left out.
        loaded = [look for look in self.looks if look.published < self.ended.published]
        return loaded[(len(loaded) - 1) // 2], loaded[-1]

    @property
    def drained_rate(self) -> float:
        """Transactions a second that were scored after the load's end."""
        return (self.looks[-1].scored - self.ended.scored) / max(self.catch_up_s, 1e-3)


class LoadPhases:
    """Loads the job again and again, each time with what comes next in the same world.

    Parameters
    ----------
    services : Services
    vitals : Vitals
        Of the running job.
    """

    def __init__(self, services: Services, vitals: Vitals) -> None:
        self._services, self._vitals = services, vitals
        self._next_round = 0

    def run(self, name: str, *, rate: float, seconds: float) -> Phase:
        """Load for so long and wait until all is scored.

        Raises
        ------
        RuntimeFailure
            The load or the job failed, or the job did not catch up within CATCH_UP_S.
        """
        first = len(self._vitals.looks)
        with console.status(f"{name}: {rate:,.0f} transactions a second for {seconds:,.0f} s"):
            sent = self._load(rate, seconds)
            ended = self._vitals.look()
        with console.status(f"{name}: catching up with {ended.lag:,}"):
            if not wait_until(self._caught_up, seconds=CATCH_UP_S, interval_s=1.0):
                raise RuntimeFailure(
                    f"expected the job to catch up within {CATCH_UP_S:.0f} s, was {ended.lag:,} behind"
                )
        phase = Phase(
            published=int(sent["records"]),
            rate=sent["records"] / sent["seconds"],
            behind_ms=sent["behind_ms"],
            looks=self._vitals.looks[first:],
            ended=ended,
        )
        console.print(
            f"{name}: {phase.rate:,.0f} published a second, {ended.lag:,} not scored at the end, "
            f"caught up in {phase.catch_up_s:.0f} s"
        )
        return phase

    def sustainable_rate(self, *, warm_up_s: float = WARM_UP_S, step_s: float = STEP_S, steps: int = STEPS) -> float:
        """Find the highest rate at which no lag grows, by halving.

        It lies between half of what is scored under a load that saturates the machine, and what is scored without a
        load.
        """
        warm = self.run("saturated", rate=SATURATING_RATE, seconds=warm_up_s)
        low, high = warm.scored_rate / 2, warm.drained_rate
        for _ in range(steps):
            rate = (low + high) / 2
            step = self.run("search", rate=rate, seconds=step_s)
            low, high = (rate, high) if step.kept_up else (low, rate)
        return low

    def _caught_up(self) -> bool:
        self._vitals.require_no_restart()
        return self._vitals.look().lag <= 0

    def _load(self, rate: float, seconds: float) -> dict[str, float]:
        line = [
            sys.executable,
            "-m",
            "benchmarks.steady_load",
            *("--bootstrap-servers", self._services.bootstrap_servers),
            *("--rate", str(rate)),
            *("--seconds", str(seconds)),
            *("--first-round", str(self._next_round)),
        ]
        done = subprocess.run(line, check=False, capture_output=True, text=True)  # noqa: S603
        if done.returncode != 0:
            raise RuntimeFailure(f"the load failed: {done.stderr[-500:]}")
        sent: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        self._next_round = int(sent["next_round"])
        return sent
