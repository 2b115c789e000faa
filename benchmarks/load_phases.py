"""Phases of load on the running job, each with the samples of its time."""

import json
import subprocess
import sys
from dataclasses import dataclass

from benchmarks.bench import console
from benchmarks.vitals import Sample, Vitals
from fraudstream.devstack.stack import Services
from fraudstream.system.deadline import wait_until
from fraudstream.system.failures import RuntimeFailure

CATCH_UP_S = 900.0
SATURATING_RATE = 80_000.0
MAX_GROWTH = 0.03
"""Growth of the lag, as a fraction of the rate: samples are two seconds apart, and lag is never quite even."""
WARM_UP_S, STEP_S, STEPS = 60.0, 30.0, 4


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A load and its effect.

    Attributes
    ----------
    published : int
    rate : float
        Transactions published per second.
    behind_ms : float
        Delay of the latest of them against the schedule.
    samples : list of Sample
        Samples from the load's start until all was scored.
    ended : Sample
        Sample at the load's end.
    """

    published: int
    rate: float
    behind_ms: float
    samples: list[Sample]
    ended: Sample

    @property
    def catch_up_s(self) -> float:
        """Seconds from the load's end until all was scored."""
        return self.samples[-1].at_s - self.ended.at_s

    @property
    def scored_rate(self) -> float:
        """Transactions a second that were scored in the second half of the load."""
        half, last = self._second_half
        return (last.scored - half.scored) / (last.at_s - half.at_s)

    @property
    def lag_growth(self) -> float:
        """Growth of the lag in the second half of the load, in transactions per second."""
        half, last = self._second_half
        return (last.lag - half.lag) / (last.at_s - half.at_s)

    @property
    def kept_up(self) -> bool:
        """Whether no lag grew.

        At the end less than a second's worth was waiting, which batches in flight and a checkpoint's pause explain, and
        nearly all was scored as it came.
        """
        return self.ended.lag < self.rate and self.lag_growth < MAX_GROWTH * self.rate

    @property
    def _second_half(self) -> tuple[Sample, Sample]:
        # The load's process ends a moment after the load: samples of that moment are left out.
        loaded = [sample for sample in self.samples if sample.published < self.ended.published]
        return loaded[(len(loaded) - 1) // 2], loaded[-1]

    @property
    def drained_rate(self) -> float:
        """Transactions a second that were scored after the load's end."""
        return (self.samples[-1].scored - self.ended.scored) / max(self.catch_up_s, 1e-3)


class LoadPhases:
    """Load on the job in phases, each with the next transactions of the same world.

    Parameters
    ----------
    services : Services
    vitals : Vitals
        Sampler of the running job.
    """

    def __init__(self, services: Services, vitals: Vitals) -> None:
        self._services, self._vitals = services, vitals
        self._next_round = 0

    def run(self, name: str, *, rate: float, seconds: float) -> Phase:
        """Load the job for some seconds and wait until all is scored.

        Raises
        ------
        RuntimeFailure
            The load or the job failed, or the job did not catch up within CATCH_UP_S.
        """
        first = len(self._vitals.samples)
        with console.status(f"{name}: {rate:,.0f} transactions a second for {seconds:,.0f} s"):
            sent = self._load(rate, seconds)
            ended = self._vitals.sample()
        with console.status(f"{name}: catching up with {ended.lag:,}"):
            if not wait_until(self._caught_up, seconds=CATCH_UP_S, interval_s=1.0):
                raise RuntimeFailure(
                    f"expected the job to catch up within {CATCH_UP_S:.0f} s, got {ended.lag:,} behind"
                )
        phase = Phase(
            published=int(sent["records"]),
            rate=sent["records"] / sent["seconds"],
            behind_ms=sent["behind_ms"],
            samples=self._vitals.samples[first:],
            ended=ended,
        )
        console.print(
            f"{name}: {phase.rate:,.0f} published a second, {ended.lag:,} not scored at the end, "
            f"caught up in {phase.catch_up_s:.0f} s"
        )
        return phase

    def sustainable_rate(self, *, warm_up_s: float = WARM_UP_S, step_s: float = STEP_S, steps: int = STEPS) -> float:
        """Find the highest rate at which no lag grows, by halving.

        It is between half of the rate scored under a load that saturates the machine, and the rate scored after it.
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
        return self._vitals.sample().lag <= 0

    def _load(self, rate: float, seconds: float) -> dict[str, float]:
        line = [
            sys.executable,
            "-m",
            "benchmarks.steady_load",
            *("--bootstrap-servers", self._services.broker.bootstrap_servers),
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
