"""Simulated table of the producers' tests."""

import pyarrow as pa
import pytest

from producers.simulate import simulate
from producers.simulation_config import SimulationConfig


@pytest.fixture(scope="session")
def config() -> SimulationConfig:
    return SimulationConfig(seed=5, customers=1_000, merchants=600, days=30)


@pytest.fixture(scope="session")
def table(config: SimulationConfig) -> pa.Table:
    return simulate(config)
