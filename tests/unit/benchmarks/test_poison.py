"""Bad records of the poison benchmark."""

from collections import Counter

import numpy as np

from benchmarks import faulty_job
from benchmarks.suites.poison import ONE_STAGE, with_culprits
from producers.simulate import simulate
from producers.simulation_config import SimulationConfig

TABLE = simulate(SimulationConfig(seed=2, customers=800, days=30)).slice(0, 2 * ONE_STAGE)


def test_records_fail_at_the_given_rate_in_each_stage_in_turn():
    amounts = with_culprits(TABLE, 100).column("amount_minor").to_numpy()
    sound = TABLE.column("amount_minor").to_numpy()
    changed = np.flatnonzero(amounts != sound)
    first, second, *_ = faulty_job.FAULTY_MINOR.values()
    assert changed.tolist() == list(range(99, len(TABLE), 100))
    assert Counter(amounts[changed].tolist()) == {first: ONE_STAGE // 100, second: ONE_STAGE // 100}
