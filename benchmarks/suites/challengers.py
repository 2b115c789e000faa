"""Cost of challengers.

Microseconds per transaction of scoring (features, models, decisions and the comparison; no decoding, no state, no
encoding) with none, one and two challengers, in shadow and for a share of the customers, in batches of a live job
(150) and of a backlog (2,000). All in turn in one process on one core; the fastest round, since other work on the
machine only adds to it.
"""

import time

import pyarrow as pa

from benchmarks.bench import ROOT, bench_history, bench_model
from benchmarks.report import Report
from models.scoring.artifact import load_artifact
from models.scoring.history_scorer import HistoryScorer
from models.scoring.loaded_model import LoadedModel
from models.scoring.served_models import ServedModels
from models.scoring.shadow_tally import ShadowTally
from models.training.train import train
from models.training.training_settings import TrainingSettings
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.columns import TRANSACTION_ARROW

BATCHES, ROUNDS, TRANSACTIONS = (150, 2_000), 15, 60_000
SHARES = {"none": (), "one in shadow": (0.0,), "two in shadow": (0.0, 0.0), "one for 10 %": (0.1,)}


def run(brief: bool = False) -> Report:
    """Measure each number of challengers in turn."""
    models = [_model(1), _model(2), _model(3)]
    table = simulate(SimulationConfig(seed=2, customers=3_000, days=30)).slice(0, 4_000 if brief else TRANSACTIONS)
    records = table.select(TRANSACTION_ARROW.names).combine_chunks().to_batches()[0]
    best: dict[str, float] = {}
    for _ in range(1 if brief else ROUNDS):
        for rows in BATCHES:
            for name, shares in SHARES.items():
                case = f"{name}, batches of {rows:,}"
                served = ServedModels(models=tuple(models[: len(shares) + 1]), shares=shares)
                best[case] = min(best.get(case, 1e9), _measure(served, records, rows))
    return Report.of_figures("challengers", __doc__, {case: round(us, 2) for case, us in best.items()})


def _measure(served: ServedModels, records: pa.RecordBatch, rows: int) -> float:
    scorer = HistoryScorer(served)
    tallies = [ShadowTally(served, number) for number in range(1, len(served.models))]
    begun_ns = time.perf_counter_ns()
    for start in range(0, len(records), rows):
        scored = scorer.score(records.slice(start, rows))
        for _, rows_decided, _ in scored.split_by_model():
            if rows_decided is not None:
                records.take(pa.array(rows_decided))
        for tally in tallies:
            tally.add(scored)
    return (time.perf_counter_ns() - begun_ns) / len(records) / 1000


def _model(seed: int) -> LoadedModel:
    folder = bench_model() if seed == 1 else ROOT / f"model-{seed}"
    if seed != 1:
        train(bench_history(), folder, TrainingSettings(seed=seed))
    return LoadedModel.of(load_artifact(folder))
