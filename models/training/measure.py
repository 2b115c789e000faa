from collections.abc import Callable

from models.training.learners.learner import Learner

OBJECTIVE = "average_precision"
"""What a search makes as high as can be."""

Measure = Callable[[Learner], float]
"""Trains a candidate on the rows of one fold, and returns the objective on that fold's later rows."""
