"""Cost of rules.

Microseconds per transaction of a book of 20 rules with a list of 10,000 customers, in batches of a live job (75) and of
a backlog (500, 2,000), and of scoring (features, model, decisions). On one core; the fastest round, since other work on
the machine only adds to it.
"""

import time
from datetime import UTC, datetime

import pyarrow as pa

from benchmarks.bench import bench_model
from benchmarks.report import Report
from models.rules.rule_batch import RuleBatch
from models.rules.rule_engine import RuleEngine
from models.scoring.artifact import load_artifact
from models.scoring.history_scorer import HistoryScorer
from models.scoring.transaction_scorer import ScoredBatch
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.columns import TRANSACTION_ARROW
from schemas.rule_book import Action, ListEntry, Rule, RuleBook, RuleList

BATCHES, ROUNDS, TRANSACTIONS, RULES = (75, 500, 2_000), 7, 20_000, 20
CONDITIONS: tuple[tuple[str, Action], ...] = (
    ("amount > 5 * amount_mean_30d and new_merchant and is_night", "REVIEW"),
    ("merchant_id in @risky and amount > 200", "REVIEW"),
    ("count_10m >= 5 and merchants_10m >= 3", "BLOCK"),
    ("distance_km > 500 and since_last_s < 3600", "BLOCK"),
    ("score > 0.2 and amount > 1000", "REVIEW"),
    ("customer_id in @known", "ALLOW"),
    ('merchant_category in ["gift_cards", "jewellery"] and amount > 500', "REVIEW"),
    ('currency != "EUR" and new_device and amount > 500', "REVIEW"),
    ("known_frauds > 0 and not new_merchant", "REVIEW"),
    ("speed_kmh > 900", "BLOCK"),
)
"""Each makes two of the rules."""


def run(brief: bool = False) -> Report:
    """Measure by batch size."""
    table = simulate(SimulationConfig(seed=2, customers=1_000, days=30)).slice(0, 4_000 if brief else TRANSACTIONS)
    records = table.select(TRANSACTION_ARROW.names).combine_chunks().to_batches()[0]
    model, engine = load_artifact(bench_model()), RuleEngine(_book())
    best: dict[str, float] = {}
    for _ in range(1 if brief else ROUNDS):
        for rows in BATCHES:
            scorer, spent = HistoryScorer(model), dict.fromkeys(("scoring", "rules"), 0)
            for start in range(0, len(records), rows):
                some, begun_ns = records.slice(start, rows), time.perf_counter_ns()
                scored = scorer.score(some)
                scored_ns = time.perf_counter_ns()
                _rule(engine, some, scored)
                spent["scoring"] += scored_ns - begun_ns
                spent["rules"] += time.perf_counter_ns() - scored_ns
            for part, ns in spent.items():
                case = f"{part}, batches of {rows:,}"
                best[case] = min(best.get(case, 1e9), ns / len(records) / 1000)
    return Report.of_figures("rules", __doc__, {case: round(us, 2) for case, us in best.items()})


def _rule(engine: RuleEngine, records: pa.RecordBatch, scored: ScoredBatch) -> None:
    engine.apply(RuleBatch(records, scored.x, scored.scores), scored.decisions)


def _book() -> RuleBook:
    rules = tuple(
        Rule(name=f"rule_{number}", when=when, action=action, text=when)
        for number in range(RULES)
        for when, action in [CONDITIONS[number % len(CONDITIONS)]]
    )
    lists = (
        RuleList(name="risky", entries=tuple(ListEntry(value=f"shady-{number}") for number in range(1_000))),
        RuleList(name="known", entries=tuple(ListEntry(value=f"known-{number}") for number in range(10_000))),
    )
    return RuleBook(
        book_id="", changed_at=datetime(2026, 1, 1, tzinfo=UTC), changed_by="", reason="", rules=rules, lists=lists
    )
