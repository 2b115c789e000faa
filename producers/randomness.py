"""Independent random generators by name."""

import zlib

import numpy as np


def generator_for(seed: int, name: str) -> np.random.Generator:
    """Make a generator of its own for each named part of the simulation.

    Parts that share one generator would shift each other's draws: a changed scenario would change every
    genuine customer, and a world with drift could not be compared with the one without.
    """
    return np.random.default_rng([seed, zlib.crc32(name.encode())])
