from collections.abc import Callable

from models.training.candidates.candidate import Candidate

OBJECTIVE = "average_precision"
"""What a search makes as high as can be."""

Measure = Callable[[Candidate], float]
"""Trains a candidate on the rows of one fold, and returns the objective on that fold's later rows."""
