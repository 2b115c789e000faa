"""Schedule of retrainings."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import orjson

from fraudstream.settings.settings import RetrainSettings
from fraudstream.system.kept_json import read_kept
from models.whole_file import replace_file
from schemas.durations import DAY_MS

HOUR_S = 3_600.0


@dataclass(frozen=True, kw_only=True)
class RetrainState:
    """Persistent state of the schedule.

    Parameters
    ----------
    drift_ms : int or None
        Event time of the first drift without a retraining, milliseconds since 1970.
    learned_until_ms : int
        End of the newest training window in event time; earlier drifts need no retraining.
    begun_s : float or None
        Start of the newest retraining, or of the first trigger: seconds since 1970.
    retrained : bool
        Whether there was any retraining; the cool-down starts with the first one.
    """

    drift_ms: int | None = None
    drift: str = ""
    learned_until_ms: int = -1
    begun_s: float | None = None
    retrained: bool = False


class RetrainSchedule:
    """Schedule of retrainings: after a drift with mature labels, or after a fixed time.

    Parameters
    ----------
    path : Path
        File of the state; written before each change takes effect.
    now_s : float
        Seconds since 1970; start of `every_days` for a new schedule.
    """

    def __init__(self, plan: RetrainSettings, path: Path, now_s: float) -> None:
        self._plan, self._path = plan, path
        self.state = _read(path)
        if self.state.begun_s is None:
            self._keep(replace(self.state, begun_s=now_s))

    def drifted(self, signal: str, detector: str, event_time: datetime) -> bool:
        """Record a drift event, and return whether it leads to a retraining."""
        at_ms = round(event_time.timestamp() * 1000)
        if (self._plan.signals and signal not in self._plan.signals) or at_ms <= self.state.learned_until_ms:
            return False
        if self.state.drift_ms is None or at_ms < self.state.drift_ms:
            words = f"{detector} saw {signal} drift at {event_time:%Y-%m-%d %H:%M} UTC"
            self._keep(replace(self.state, drift_ms=at_ms, drift=words))
        return True

    def due(self, now_s: float, matured_until_ms: int) -> str | None:
        """Return the reason to retrain now, if any.

        Parameters
        ----------
        now_s : float
            Seconds since 1970.
        matured_until_ms : int
            Event time up to which labels are mature.
        """
        if now_s < (self.state.begun_s or 0.0):
            self._keep(replace(self.state, begun_s=now_s))  # the clock was set back
        waited_s = now_s - (self.state.begun_s or 0.0)
        if self.state.retrained and waited_s < self._plan.cool_down_hours * HOUR_S:
            return None
        collected_ms = self._plan.collect_days * DAY_MS
        if self.state.drift_ms is not None and matured_until_ms >= self.state.drift_ms + collected_ms:
            return self.state.drift
        every = self._plan.every_days
        return f"every {every:g} days" if every is not None and waited_s >= 24 * every * HOUR_S else None

    def begun(self, now_s: float) -> None:
        """Record the start of a retraining; after a failure the cool-down applies too."""
        self._keep(replace(self.state, begun_s=now_s, retrained=True))

    def learned(self, until: datetime) -> None:
        """Record the end of the newest training window; earlier drifts are done, even if a gate failed."""
        self._keep(replace(self.state, learned_until_ms=round(until.timestamp() * 1000), drift_ms=None, drift=""))

    def _keep(self, state: RetrainState) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self._path, orjson.dumps(state, option=orjson.OPT_APPEND_NEWLINE))
        self.state = state

    @property
    def waiting_for(self) -> datetime | None:
        """Event time up to which labels must be mature before the retraining."""
        if self.state.drift_ms is None:
            return None
        return datetime.fromtimestamp(self.state.drift_ms / 1000 + self._plan.collect_days * DAY_MS / 1000, UTC)


def _read(path: Path) -> RetrainState:
    try:
        return read_kept(path, RetrainState, "the state of `fraudstream retrain`", "Remove the file to reset it")
    except FileNotFoundError:
        return RetrainState()
