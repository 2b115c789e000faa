"""Report of the drift scorecard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.chart import Chart, Points
from benchmarks.drift.compared_detectors import ALWAYS, JOB
from benchmarks.drift.scenarios import DRIFTS, QUIET, SEASONAL
from benchmarks.drift.scorecard import Card
from benchmarks.drift.streams import Stream
from benchmarks.report import Report, Section


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Results of the scorecard.

    Attributes
    ----------
    seed, worlds : int
    cards : mapping of str to Card
        Counts by detector.
    calibration : mapping of str to mapping of str to float
        False alarms per million events, by configuration and family of streams.
    shown : pair of Stream
        First world without drift, by the time of week and by the mean alone.
    """

    seed: int
    worlds: int
    cards: Mapping[str, Card]
    calibration: Mapping[str, Mapping[str, float]]
    shown: tuple[Stream, Stream]


def report(figures: Figures) -> Report:
    """Return the scorecard as a report."""
    job = figures.cards[JOB]
    summary = {
        "seed": figures.seed,
        "worlds": figures.worlds,
        "events_without_drift": sum(job.events.values()),
        "false_alarms_per_million": {name: job.rate(name) for name in QUIET},
        "expected_false_alarms_per_million": dict.fromkeys(QUIET, 0.0),
        "delay_events": {name: _median(job, name, 0) for name in DRIFTS},
        "delay_hours": {name: _median(job, name, 1) for name in DRIFTS},
        "missed": job.missed,
    }
    return Report(
        suite="drift",
        workload=(
            f"{figures.worlds} simulated worlds of seed {figures.seed}, scored by a model that was trained on another "
            "one; six signals and the error, observations of 1,000 transactions, one detector for each signal. A false "
            "alarm is any signal's, an error is known 14 days later, and a drift that no signal shows in 14 days is "
            "missed."
        ),
        figures=summary,
        raw={
            **summary,
            "detectors": {name: vars(card) for name, card in figures.cards.items()},
            "calibration": figures.calibration,
        },
        sections=[
            _alarms(figures),
            _delays(figures, "Transactions until the first alarm, median (missed)", 0),
            _delays(figures, "Hours of event time until it, median", 1),
            _signals(figures),
            _calibration(figures),
        ],
        charts=_charts(figures),
    )


def _alarms(figures: Figures) -> Section:
    rows = [
        (name, *(f"{card.rate(quiet):,.2f}" for quiet in QUIET), f"{card.missed}")
        for name, card in figures.cards.items()
    ]
    drifts = len(DRIFTS) * figures.worlds
    return Section(
        title="False alarms in a million transactions, all signals together",
        columns=("detector", *QUIET, f"missed of {drifts} drifts"),
        rows=rows,
    )


def _delays(figures: Figures, title: str, index: int) -> Section:
    def cell(card: Card, drift: str) -> str:
        delay = _median(card, drift, index)
        missed = f" ({card.misses[drift]})" if card.misses[drift] and not index else ""
        return ("-" if delay is None else f"{delay:,.0f}") + missed

    rows = [(name, *(cell(card, drift) for drift in DRIFTS)) for name, card in figures.cards.items()]
    return Section(title=title, columns=("detector", *DRIFTS), rows=rows)


def _signals(figures: Figures) -> Section:
    first = figures.cards[JOB].first
    rows = [(name, ", ".join(sorted(set(first[name]))) or "none") for name in DRIFTS]
    return Section(title="The signal that fired first", columns=("drift", "signals"), rows=rows)


def _calibration(figures: Figures) -> Section:
    families = list(next(iter(figures.calibration.values())))
    rows = [(name, *(f"{rates[family]:.3f}" for family in families)) for name, rates in figures.calibration.items()]
    return Section(
        title="False alarms in a million transactions, one signal of chance alone",
        columns=("detector", *families),
        rows=rows,
    )


def _charts(figures: Figures) -> Sequence[Chart]:
    by_week, by_mean = figures.shown

    def curve(stream: Stream) -> Points:
        items = stream["score"][:120]
        return [((item.event_time_ms - items[0].event_time_ms) / 8.64e7, item.standardised) for item in items]

    delays: dict[str, Sequence[float]] = {
        name: [events for events, _ in delays] for name, delays in figures.cards[JOB].delays.items() if delays
    }
    alarms: dict[str, Sequence[float]] = {
        name: [card.rate(SEASONAL)] for name, card in figures.cards.items() if name != ALWAYS
    }
    return [
        Chart(
            title="The score without drift, in standard errors",
            x="days",
            lines={"by the mean alone": curve(by_mean), "by the time of the week": curve(by_week)},
            signed=True,
        ),
        Chart(title="False alarms without drift, daily and weekly pattern", x="in a million transactions", bars=alarms),
        Chart(title="Transactions until the job's first alarm, each world", x="transactions", bars=delays),
    ]


def _median(card: Card, drift: str, index: int) -> Any:
    found = [delay[index] for delay in card.delays[drift]]
    return round(median(found), 1) if found else None
