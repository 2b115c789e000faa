"""Cost of decoding a micro-batch, clean and with 10 % bad records.

Microseconds per batch by batch size, the fastest of many rounds: other work on the machine only adds to it.
"""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Report
from benchmarks.suites.poison import spoilt
from producers.encoding import encode_transactions
from producers.publisher import KeyedRecord
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig
from schemas.registry import FileRegistry, value_subject
from schemas.topics import Topics
from schemas.transaction_batch import TransactionBatchDecoder
from schemas.validation import Limits, event_time_ms

SIZES, ROUNDS = (25, 200, 600, 2_000), 100
WORLD = SimulationConfig(seed=2, customers=1_000, days=10)


def run(brief: bool = False) -> Report:
    """Measure clean and bad batches by size."""
    rounds = 3 if brief else ROUNDS
    subject = value_subject(Topics().transactions)
    decoder = TransactionBatchDecoder(subject, FileRegistry(), Limits())
    result = {}
    for size in SIZES:
        table = simulate(WORLD).slice(0, size)
        times = event_time_ms(table.combine_chunks().to_batches()[0])
        clean = list(encode_transactions(table, FileRegistry(), subject))
        bad = list(spoilt(iter(clean), table))
        result[str(size)] = {
            "clean_us": _fastest_us(decoder, clean, times, rounds),
            "poisoned_us": _fastest_us(decoder, bad, times, rounds),
        }
    return Report.of_figures("decoding", __doc__, result)


def _fastest_us(
    decoder: TransactionBatchDecoder, records: Sequence[KeyedRecord], times: NDArray[np.int64], rounds: int
) -> int:
    keys = [None if key is None else key.decode() for key, _ in records]
    payloads = [value for _, value in records]
    spent = []
    for _ in range(rounds):
        begun = time.perf_counter()
        decoder.decode(keys, payloads, times)
        spent.append(time.perf_counter() - begun)
    return round(min(spent) * 1e6)
