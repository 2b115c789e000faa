"""Every peer drains the same topic, is checked against the oracle, and has a rate if it was right."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.baselines.catalogue import BASELINES, JVM_ONLY, OURS
from benchmarks.baselines.drain import Work, drain
from benchmarks.baselines.environment import version_of
from benchmarks.baselines.oracle import ENGINES, Oracle, OracleResult
from benchmarks.baselines.peer import FlinkPeer, Peer
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topic_reader import read_topic
from fraudstream.system.failures import RuntimeFailure
from schemas.avro_schemas import SCORE, TRANSACTION
from schemas.codec import RecordCodec, UndecodableError
from schemas.registry import FileRegistry

BETWEEN = 3
"""Peers between two turns of our own job and of the limit."""


@dataclass(kw_only=True)
class Entry:
    """Results of one baseline.

    Attributes
    ----------
    peer : Peer
    version : str
        Of its package.
    events : int
        Transactions that it drained each time.
    rates : list of float
        Events a second, steady, of each time that its output was right.
    verdicts : list of Verdict
        Of its outputs.
    fault : str or None
        Why it has no rate: it failed, or its output was wrong.
    """

    peer: Peer
    version: str
    events: int
    rates: list[float] = field(default_factory=list)
    verdicts: list[OracleResult] = field(default_factory=list)
    fault: str | None = None

    @property
    def events_per_s(self) -> float | None:
        """The median rate, None where it has none."""
        return statistics.median(self.rates) if self.rates and self.fault is None else None

    def as_json(self) -> dict[str, Any]:
        """Return it for the result."""
        rate = self.events_per_s
        return {
            "name": self.peer.name,
            "version": f"{self.peer.package} {self.version}",
            "guarantee": self.peer.guarantee,
            "role": self.peer.role,
            "events": self.events,
            "events_per_s": None if rate is None else round(rate),
            "rates": [round(one) for one in self.rates],
            "compared": sum(verdict.compared for verdict in self.verdicts),
            "apart": sum(verdict.apart for verdict in self.verdicts),
            "fault": self.fault,
        }


def compare(
    work: Work,
    oracle: Oracle,
    baselines: Sequence[Peer] = BASELINES,
    *,
    on_step: Callable[[str], None] = lambda _step: None,
) -> dict[str, Entry]:
    """Let each peer drain the topic, our own job and the limit again and again between them.

    Parameters
    ----------
    work
        The topic, filled, and what it is drained with.
    oracle
        Of the topic's transactions.
    baselines
        Who takes part; our job always does.
    on_step
        Told what is being done.

    Returns
    -------
    dict of slug to Entry
        A peer that fails has a fault and no rate; the others go on.
    """
    entries: dict[str, Entry] = {}
    on_step(f"warming up {OURS.name}")
    drain(OURS, work, 0)  # the JVM compiles for half a minute
    for turn, peer in enumerate(_in_turns(baselines), 1):
        events = round(work.events * peer.share)
        entry = entries.setdefault(peer.slug, Entry(peer=peer, version=version_of(peer), events=events))
        on_step(f"draining {events:,} transactions with {peer.name}")
        try:
            rate = drain(peer, work, turn)
            on_step(f"checking {peer.name}")
            verdict = judge(peer, work, turn, oracle)
        except (RuntimeFailure, UndecodableError) as failure:
            entry.fault = str(failure)
            continue
        entry.verdicts.append(verdict)
        entry.fault = entry.fault or verdict.fault
        if verdict.fault is None:
            entry.rates.append(rate)
    return entries


def summary(entries: Mapping[str, Entry]) -> dict[str, Any]:
    """Return the figures that are promised, None where one is missing, and every peer's own."""
    rates = {slug: entry.events_per_s for slug, entry in entries.items()}
    ours = rates[OURS.slug]
    baselines = [rate for slug, rate in rates.items() if rate and entries[slug].peer.role == "peer"]

    def ratio(other: float | None) -> float | None:
        return round(ours / other, 2) if ours and other else None

    return {
        "events_per_s": ours and round(ours),
        "ratio_best_python_peer": ratio(max(baselines, default=None)),
        "ratio_pyflink_process": ratio(rates.get("flink_per_event_process")),
        "share_of_jvm_only": ratio(rates.get(JVM_ONLY.slug)),
        "baselines": {slug: entry.as_json() for slug, entry in entries.items()},
    }


def _in_turns(baselines: Sequence[Peer]) -> Iterator[Peer]:
    """Yield them as they are run: PyFlink's process mode at the end, since its end can take the TaskManager with it."""
    others = [peer for peer in baselines if peer not in {OURS, JVM_ONLY}]
    last = [peer for peer in others if isinstance(peer, FlinkPeer) and peer.mode == "process"]
    quiet = [peer for peer in others if peer not in last]
    limits = [JVM_ONLY] if JVM_ONLY in baselines else []
    for at in range(0, len(quiet), BETWEEN):
        yield from [OURS, *limits, *quiet[at : at + BETWEEN]]
    yield from [OURS, *limits, *last]


def judge(peer: Peer, work: Work, turn: int, oracle: Oracle) -> OracleResult:
    """Compare what a peer wrote in a turn with the oracle."""
    broker = work.services.broker(work.settings_of(peer, turn))
    given = _written(broker, oracle.customers, SCORE if ENGINES[peer.features] else TRANSACTION)
    return oracle.judge(given, ENGINES[peer.features])


def _written(broker: Broker, customers: set[str], kind: str) -> Iterator[tuple[str, str, float]]:
    """Yield customer, id and score of what a topic holds of some customers."""
    codec = RecordCodec(kind, "", FileRegistry())
    names = {customer.encode() for customer in customers}
    for message in read_topic(broker, broker.topics.scores):
        if message.key() in names and (payload := message.value()) is not None:
            record = codec.decode(payload)
            yield record["customer_id"], record["transaction_id"], record.get("score", 0.0)
