"""Speed of the machine, and what else runs on it: figures of a busy machine are not published."""

import time
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import psutil

from schemas.errors import UserError

PROBE_S = 2.0
LOOP_ADDITIONS, LOOPS = 100_000, 20
MAX_OTHER_CORES, MAX_STEAL = 0.1, 0.01


class Probe(NamedTuple):
    """Condition of the machine while this process waits.

    Parameters
    ----------
    loop_ms : float
        Fastest of several runs of a loop of additions in Python: the machine's own speed.
    other_cores : float
        Cores that other processes keep busy.
    """

    loop_ms: float
    other_cores: float

    @property
    def disturbance(self) -> str | None:
        """A sentence on what disturbs a measurement; None on a quiet machine."""
        if self.other_cores <= MAX_OTHER_CORES:
            return None
        return f"Expected other processes to keep at most {MAX_OTHER_CORES} cores busy, got {self.other_cores:.2f}."


@dataclass(frozen=True, kw_only=True)
class Quietness:
    """Condition of the machine before and after a measurement, and the time stolen from it meanwhile.

    Attributes
    ----------
    before, after : Probe
    steal : float
        Share of all cores' time that the hypervisor gave to other machines.
    """

    before: Probe
    after: Probe
    steal: float

    @property
    def disturbances(self) -> list[str]:
        """Sentences on disturbances of the measurement; none on a quiet machine."""
        stolen = (
            f"Expected at most {MAX_STEAL:.0%} of the time to be stolen by the hypervisor, got {self.steal:.1%}. "
            "Repeat it in another hour."
        )
        found = [f"{probe.disturbance} Stop them." for probe in (self.before, self.after) if probe.disturbance]
        return [*found, stolen] if self.steal > MAX_STEAL else found

    @property
    def line(self) -> str:
        """Description in one line."""
        return (
            f"{LOOP_ADDITIONS:,} additions in Python: {self.before.loop_ms:.2f} ms before and {self.after.loop_ms:.2f} "
            f"ms after; cores busy with others: {self.before.other_cores:.2f} and {self.after.other_cores:.2f}; "
            f"stolen: {self.steal:.1%}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "before": self.before._asdict(), "after": self.after._asdict()}


class QuietnessWatch:
    """Probes of the machine around a measurement."""

    def __init__(self) -> None:
        self._before = probe()
        self._times = psutil.cpu_times()

    def require_quiet(self) -> None:
        """Refuse to measure where others run.

        Raises
        ------
        UserError
            They keep more than MAX_OTHER_CORES busy.
        """
        if self._before.disturbance:
            raise UserError(f"{self._before.disturbance} Stop them, or add --busy.")

    def end(self) -> Quietness:
        """Return the condition since the watch began."""
        steal = _steal(self._times, psutil.cpu_times())
        return Quietness(before=self._before, after=probe(), steal=steal)


def probe() -> Probe:
    """Measure the machine's speed, then wait for PROBE_S and see what others do."""
    loop_ms = min(_loop_ms() for _ in range(LOOPS))
    earlier = psutil.cpu_times()
    time.sleep(PROBE_S)
    busy, total, _ = _spent(earlier, psutil.cpu_times())
    return Probe(round(loop_ms, 3), round(busy / total * (psutil.cpu_count() or 1), 3))


def _loop_ms() -> float:
    begun = time.perf_counter()
    total = 0
    for number in range(LOOP_ADDITIONS):
        total += number
    return (time.perf_counter() - begun) * 1000


def _steal(earlier: Any, later: Any) -> float:
    _, total, stolen = _spent(earlier, later)
    return float(round(stolen / total, 4))


def _spent(earlier: Any, later: Any) -> tuple[float, float, float]:
    """Return the seconds of all cores between two readings: busy, all, and stolen."""
    spent = {name: getattr(later, name) - getattr(earlier, name) for name in later._fields}
    # The kernel counts a guest's time as the user's as well.
    total = sum(value for name, value in spent.items() if not name.startswith("guest"))
    idle = spent["idle"] + spent.get("iowait", 0.0)
    return total - idle, max(total, 1e-9), spent.get("steal", 0.0)
