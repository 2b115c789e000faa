"""Cost of list entries.

With 100,000 entries in a list of their own: seconds and memory for a shard to read them from the control topic's
records, milliseconds for one more, and microseconds per transaction for a rule that searches the list for a merchant,
compared with the same list in a rule book. On one core; the fastest round.
"""

import time
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from benchmarks.report import Report
from jobs.operators.list_reader import ListReader
from models.features.table import FEATURES
from models.rules.lookup import FOR_EVER_MS
from models.rules.rule_batch import RuleBatch
from models.rules.rule_engine import RuleEngine
from models.rules.text_table import TextTable
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.avro_schemas import LIST_ENTRY
from schemas.codec import RecordCodec
from schemas.columns import TRANSACTION_ARROW
from schemas.list_entry import ListEntryRecord
from schemas.registry import FileRegistry
from schemas.rule_book import ListEntry, Rule, RuleBook, RuleList

ENTRIES, BATCHES, ROUNDS, TRANSACTIONS = 100_000, (75, 2_000), 7, 20_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)
VALUES = [f"shady-{number:06}" for number in range(ENTRIES)]


def run(brief: bool = False) -> Report:
    """Measure reading and matching."""
    found, codec = {}, RecordCodec(LIST_ENTRY, "", FileRegistry())
    values = VALUES[:5_000] if brief else VALUES
    payloads = {f"risky/{value}": codec.encode(_entry(value).to_record()) for value in values}
    begun = time.perf_counter()
    read = ListReader(codec).read_first(payloads)
    found["s to decode the entries"] = time.perf_counter() - begun
    table, begun = TextTable(), time.perf_counter()
    texts = pa.array([entry.value for entry in read.entries.values()], pa.string())
    table.put(texts, np.array([entry.until_ms for entry in read.entries.values()], np.int64))
    found["s to put them into the table"] = time.perf_counter() - begun
    found["MB of the table"] = table.nbytes / 1e6
    found["MB of their payloads and keys"] = sum(len(key) + len(item) for key, item in payloads.items()) / 1e6
    one, forever, begun = pa.array(["one-more"]), np.array([FOR_EVER_MS]), time.perf_counter()
    table.put(one, forever)
    found["ms to add one"] = (time.perf_counter() - begun) * 1000
    begun = time.perf_counter()
    inline = RuleEngine(_book(values))
    found["s to read a rule book with them"] = time.perf_counter() - begun
    rounds = 1 if brief else ROUNDS
    found |= _lookups(
        rounds, {"as records": (RuleEngine(_book(())), {"risky": table}), "in the rule book": (inline, {})}
    )
    return Report.of_figures("list-entries", __doc__, {case: round(value, 4) for case, value in found.items()})


def _lookups(rounds: int, cases: dict[str, tuple[RuleEngine, dict[str, TextTable]]]) -> dict[str, float]:
    some = simulate(SimulationConfig(seed=2, customers=1_000, days=30)).slice(0, TRANSACTIONS)
    records = some.select(TRANSACTION_ARROW.names).combine_chunks().to_batches()[0]
    best: dict[str, float] = {}
    for _ in range(rounds):
        for rows in BATCHES:
            for name, (engine, lists) in cases.items():
                spent_ns = 0
                for start in range(0, len(records), rows):
                    part = records.slice(start, rows)
                    x, scores = np.zeros((len(part), len(FEATURES)), np.float32), np.zeros(len(part), np.float32)
                    begun_ns = time.perf_counter_ns()
                    engine.apply(RuleBatch(part, x, scores, lists=lists), np.zeros(len(part), np.uint8))
                    spent_ns += time.perf_counter_ns() - begun_ns
                case = f"us a transaction, {name}, batches of {rows:,}"
                best[case] = min(best.get(case, 1e9), spent_ns / len(records) / 1000)
    return best


def _entry(value: str) -> ListEntryRecord:
    return ListEntryRecord(
        change_id="", list="risky", value=value, until=None, reason="weekly", changed_at=NOW, changed_by="bench"
    )


def _book(values: list[str] | tuple[()]) -> RuleBook:
    return RuleBook(
        book_id="",
        changed_at=NOW,
        changed_by="",
        reason="",
        rules=(Rule(name="risky", when="merchant_id in @risky", action="REVIEW", text="Risky"),),
        lists=(RuleList(name="risky", entries=tuple(ListEntry(value=value) for value in values)),),
    )
