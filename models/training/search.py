"""Search for the settings of a learner."""

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
"""Random trials before the sampler uses their results, and before any trial is pruned."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """Result of a search.

    Parameters
    ----------
    learner : Learner
        Learner with the best settings.
    value, first_value : float
        Objective of the best and of the default settings.
    trials, pruned : int
        Number of trials, and of those pruned after a few folds.
    """

    learner: Learner
    value: float
    first_value: float
    trials: int
    pruned: int

    def to_json(self) -> dict[str, float]:
        """Return the result without the learner."""
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
    max_trials: int | None = None,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """Search for the settings of a learner with the highest mean of the measures.

    The last trial is finished when the time is up. The same seed tries the same settings in the same
    sequence, but their number depends on the machine: ``max_trials`` gives the same result everywhere.

    Parameters
    ----------
    model : str
        A name in `SEARCH_SPACES`.
    measures : sequence of Measure
        One per fold. Their values are optimistic for the chosen settings.
    seconds : float
        Time limit; the first trial, of the learner's default settings, always runs.
    progress : callable of (str, int, int), optional
    clock : callable, optional
        Clock in seconds.

    Raises
    ------
    UserError
        There are no measures.
    """
    if not measures:
        raise UserError("Search: expected validation folds to choose on, found none. Give --validation-folds")
    space = SEARCH_SPACES[model]
    study = _study(seed)
    study.enqueue_trial(dict(space.first))
    begun, trials, passed = clock(), 0, 0.0
    while not trials or (passed < seconds and trials != max_trials):
        trial = study.ask()
        value = _mean_objective(measures, space.suggest(trial), trial)
        study.tell(trial, value, state=TrialState.PRUNED if value is None else TrialState.COMPLETE)
        trials, passed = trials + 1, clock() - begun
        if progress:
            progress(f"search, best {study.best_value:.4f}", min(round(passed), round(seconds)), round(seconds))
    best = optuna.trial.FixedTrial(study.best_params)
    return Found(
        learner=space.suggest(best),  # type: ignore[arg-type]  # FixedTrial suggests as Trial does
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


def _mean_objective(measures: Sequence[Measure], learner: Learner, trial: optuna.Trial) -> float | None:
    """Return the mean over the folds, or None where the trial is pruned."""
    values: list[float] = []
    for measure in measures:
        values.append(measure(learner))
        trial.report(float(np.mean(values)), len(values))
        if len(values) < len(measures) and trial.should_prune():
            return None
    return float(np.mean(values))
