from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.trial import TrialState

from models.training.history import Progress
from models.training.learners.learner import Learner
from models.training.measure import Measure
from models.training.search_space import SEARCH_SPACES
from schemas.errors import UserError

STARTUP_TRIALS = 8
"""Trials drawn at random before the sampler learns from them, and before any is given up early."""


class SearchError(UserError):
    """A search without anything to choose on."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search came to.

    Parameters
    ----------
    candidate : Candidate
        The best settings.
    value, first_value : float
        Their objective, and that of the settings that the search began with.
    trials, pruned : int
        Trials begun, and how many of them were given up after a few folds.
    """

    candidate: Learner
    value: float
    first_value: float
    trials: int
    pruned: int

    def to_json(self) -> dict[str, float]:
        """Return it without the candidate."""
        return {
            "objective": self.value,
            "objective_of_defaults": self.first_value,
            "trials": self.trials,
            "pruned": self.pruned,
        }


def search(
    model: str,
    measures: Sequence[Measure],
    *,
    seed: int,
    seconds: float,
    most_trials: int | None = None,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """Look for the settings of a candidate with the highest mean of some measures.

    The trial running when the time is up is finished. The same seed tries the same settings in the same
    order, but how many depends on the machine: give ``most_trials`` for the same result everywhere.

    Parameters
    ----------
    model : str
        A name in `SEARCH_SPACES`.
    measures : sequence of Measure
        One for each fold. What they were measured on says what was chosen for, not how good it is.
    seed : int
    seconds : float
        How long; at least one trial is made, of the settings that the candidate has by default.
    most_trials : int, optional
    progress : callable of (str, int, int), optional
    clock : callable, optional
        Seconds from anywhere.

    Raises
    ------
    UserError
        There are no measures.
    """
    if not measures:
        raise SearchError("Search: expected validation folds to choose on, was 0: give --validation-folds")
    space = SEARCH_SPACES[model]
    study = _study(seed)
    study.enqueue_trial(dict(space.first))
    begun, trials, passed = clock(), 0, 0.0
    while not trials or (passed < seconds and trials != most_trials):
        trial = study.ask()
        value = _mean_objective(measures, space.suggest(trial), trial)
        study.tell(trial, value, state=TrialState.PRUNED if value is None else TrialState.COMPLETE)
        trials, passed = trials + 1, clock() - begun
        if progress:
            progress(f"search, best {study.best_value:.4f}", min(round(passed), round(seconds)), round(seconds))
    best = optuna.trial.FixedTrial(study.best_params)
    return Found(
        candidate=space.suggest(best),  # type: ignore[arg-type]  # FixedTrial suggests as Trial does
        value=study.best_value,
        first_value=float(study.trials[0].value or 0.0),
        trials=trials,
        pruned=sum(trial.state is TrialState.PRUNED for trial in study.trials),
    )


def _study(seed: int) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=STARTUP_TRIALS, multivariate=True),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS),
    )


def _mean_objective(measures: Sequence[Measure], candidate: Learner, trial: optuna.Trial) -> float | None:
    """Return the mean over the folds, or None where the first folds are worse than most trials'."""
    values: list[float] = []
    for measure in measures:
        values.append(measure(candidate))
        trial.report(float(np.mean(values)), len(values))
        if len(values) < len(measures) and trial.should_prune():
            return None
    return float(np.mean(values))
