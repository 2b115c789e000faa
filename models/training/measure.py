"""Objective of a search."""

from collections.abc import Callable

from models.training.learners.learner import Learner

OBJECTIVE = "average_precision"
"""Metric that a search maximises."""

Measure = Callable[[Learner], float]
"""Function that trains a learner on the rows of a fold and returns the objective on the fold's later rows."""
