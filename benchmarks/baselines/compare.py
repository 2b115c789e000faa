"""Comparison of the baselines: each drains the same topic and is checked against the oracle."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.baselines.baseline_program import BaselineProgram, FlinkBaseline
from benchmarks.baselines.catalogue import BASELINES, JVM_ONLY, OURS
from benchmarks.baselines.drain import Work, drain
from benchmarks.baselines.environment import version_of
from benchmarks.baselines.oracle import ENGINES, Oracle, OracleResult
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import read_topic
from fraudstream.system.failures import RuntimeFailure
from schemas.avro_schemas import SCORE, TRANSACTION
from schemas.codec import RecordCodec, UndecodableError
from schemas.registry import FileRegistry

BETWEEN = 3
"""Baselines between two turns of the job and of the limit."""


@dataclass(kw_only=True)
class Entry:
    """Measurements of one baseline.

    Attributes
    ----------
    baseline : BaselineProgram
    version : str
        Version of its package.
    events : int
        Transactions of each drain.
    rates : list of float
        Steady rates of the drains with a right output, events per second.
    results : list of OracleResult
        Comparisons of its outputs.
    fault : str or None
        Reason for a missing rate: a failure, or a wrong output.
    """

    baseline: BaselineProgram
    version: str
    events: int
    rates: list[float] = field(default_factory=list)
    results: list[OracleResult] = field(default_factory=list)
    fault: str | None = None

    @property
    def events_per_s(self) -> float | None:
        """Median rate; None without one."""
        return statistics.median(self.rates) if self.rates and self.fault is None else None

    def as_json(self) -> dict[str, Any]:
        """Return the entry as plain values."""
        rate = self.events_per_s
        return {
            "name": self.baseline.name,
            "version": f"{self.baseline.package} {self.version}",
            "guarantee": self.baseline.guarantee,
            "role": self.baseline.role,
            "events": self.events,
            "events_per_s": None if rate is None else round(rate),
            "rates": [round(one) for one in self.rates],
            "compared": sum(result.compared for result in self.results),
            "apart": sum(result.apart for result in self.results),
            "fault": self.fault,
        }


def compare(
    work: Work,
    oracle: Oracle,
    baselines: Sequence[BaselineProgram] = BASELINES,
    *,
    on_step: Callable[[str], None] = lambda _step: None,
) -> dict[str, Entry]:
    """Drain the topic by each baseline, with the job and the limit repeated in between.

    Parameters
    ----------
    work
        Filled topic and settings.
    oracle
        Oracle of the topic's transactions.
    baselines
        Baselines to compare; the job is always included.
    on_step
        Callback with each step.

    Returns
    -------
    dict of slug to Entry
        A failed baseline has a fault and no rate; the others continue.
    """
    entries: dict[str, Entry] = {}
    on_step(f"warming up {OURS.name}")
    drain(OURS, work, 0)  # the JVM compiles for half a minute
    for turn, baseline in enumerate(_in_turns(baselines), 1):
        events = round(work.events * baseline.share)
        entry = entries.setdefault(baseline.slug, Entry(baseline=baseline, version=version_of(baseline), events=events))
        on_step(f"draining {events:,} transactions with {baseline.name}")
        try:
            rate = drain(baseline, work, turn)
            on_step(f"checking {baseline.name}")
            result = compare_with_oracle(baseline, work, turn, oracle)
        except (RuntimeFailure, UndecodableError) as failure:
            entry.fault = str(failure)
            continue
        entry.results.append(result)
        entry.fault = entry.fault or result.fault
        if result.fault is None:
            entry.rates.append(rate)
    return entries


def summary(entries: Mapping[str, Entry]) -> dict[str, Any]:
    """Return the main figures, None where one is missing, and those of each baseline."""
    rates = {slug: entry.events_per_s for slug, entry in entries.items()}
    ours = rates[OURS.slug]
    baselines = [rate for slug, rate in rates.items() if rate and entries[slug].baseline.role == "baseline"]

    def ratio(other: float | None) -> float | None:
        return round(ours / other, 2) if ours and other else None

    return {
        "events_per_s": ours and round(ours),
        "ratio_best_python_baseline": ratio(max(baselines, default=None)),
        "ratio_pyflink_process": ratio(rates.get("flink_per_event_process")),
        "share_of_jvm_only": ratio(rates.get(JVM_ONLY.slug)),
        "baselines": {slug: entry.as_json() for slug, entry in entries.items()},
    }


def _in_turns(baselines: Sequence[BaselineProgram]) -> Iterator[BaselineProgram]:
    """Yield the baselines in sequence: PyFlink's process mode last, since it can end the TaskManager."""
    others = [baseline for baseline in baselines if baseline not in {OURS, JVM_ONLY}]
    last = [baseline for baseline in others if isinstance(baseline, FlinkBaseline) and baseline.mode == "process"]
    quiet = [baseline for baseline in others if baseline not in last]
    limits = [JVM_ONLY] if JVM_ONLY in baselines else []
    for at in range(0, len(quiet), BETWEEN):
        yield from [OURS, *limits, *quiet[at : at + BETWEEN]]
    yield from [OURS, *limits, *last]


def compare_with_oracle(baseline: BaselineProgram, work: Work, turn: int, oracle: Oracle) -> OracleResult:
    """Compare the output of a baseline in a turn with the oracle."""
    broker = work.services_of(baseline, turn).broker
    given = _written(broker, oracle.customers, SCORE if ENGINES[baseline.features] else TRANSACTION)
    return oracle.check(given, ENGINES[baseline.features])


def _written(broker: Broker, customers: set[str], kind: str) -> Iterator[tuple[str, str, float]]:
    """Yield customer, id and score of what a topic holds of some customers."""
    codec = RecordCodec(kind, "", FileRegistry())
    names = {customer.encode() for customer in customers}
    for message in read_topic(broker, broker.topics.scores):
        if message.key() in names and (payload := message.value()) is not None:
            record = codec.decode(payload)
            yield record["customer_id"], record["transaction_id"], record.get("score", 0.0)
