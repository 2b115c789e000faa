"""Models of one shard: deployments, challengers, fallback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, cast

from models.scoring.loaded_model import require_self_test
from models.scoring.recent_share import RecentShare
from models.scoring.served_models import EnsembleScores, ServedModels
from models.scoring.shadow_tally import ShadowTally
from models.scoring.time_budget import TimeBudget

if TYPE_CHECKING:
    from jobs.operators.counts import Counts
    from jobs.operators.model_reports import ModelReports
    from jobs.operators.serving import Serving
    from jobs.operators.serving_loader import Outcome, ServingLoader
    from jobs.operators.shard_state import ShardState
    from models.scoring.transaction_scorer import ScoredBatch
    from schemas.deployment import Deployment

LOADING_MS = 20
"""Polling interval for models that are loading, where no batch comes, milliseconds."""

MAX_LOADING_MS = 1_000
"""Longest polling interval: it grows to a tenth of the time that a load has taken, as from a network that hangs."""

COMPARED_MS = 5_000
"""Time over which comparisons add up before they are written, milliseconds."""


FAILING_SHARE, FEW_FAILURES = 0.2, 10
"""Share and number of the last transactions from which on a champion that fails for them is at fault."""


class ShardModels:
    """Models of one shard: it follows deployments between two batches, and reports each change.

    A deployment is in the state until it was followed or refused, so that a restart loses none; so is the one in
    service. One that can't be loaded after a restart is refused, and the settings' model serves until the next restart
    finds it, or another one comes: scoring with another model is reported, not scoring would be worse. One that loads
    for longer than a shard waits, as from a network folder that hangs, is refused too, and serves once it is loaded
    unless another one comes first.

    A challenger that fails or is too slow is removed. A champion that fails is replaced by the models before it: those
    of the former deployment since the job's start, else the model of the settings.

    Parameters
    ----------
    key : int
        Key of the shard.
    state : ShardState
        With this shard's key current, now and at each call.
    loader : ServingLoader
    job_serving : Serving
        The model of the job's settings.
    serve : callable of ServedModels
        Makes the shard's scorer score with other models.
    reports : ModelReports
    counts : Counts
    challenger_time_ratio : float
        Multiple of the champion's time that a challenger's scoring may take, see `TimeBudget`.

    Attributes
    ----------
    serving : Serving
        Models in service.
    next_timer_ms : int or None
        When a timer of the shard's goes off, milliseconds since 1970: `poll` is called then.
    """

    def __init__(
        self,
        key: int,
        state: ShardState,
        loader: ServingLoader,
        job_serving: Serving,
        serve: Callable[[ServedModels], None],
        reports: ModelReports,
        counts: Counts,
        challenger_time_ratio: float = 10.0,
    ) -> None:
        self._key, self._state, self._loader, self._serve = key, state, loader, serve
        self._reports, self._counts = reports, counts
        self._former, self._job_serving = job_serving, job_serving
        self._challenger_time_ratio = challenger_time_ratio
        self._request: Future[Outcome] | None = None
        self._requested_ms = 0
        self.next_timer_ms: int | None = None
        self._compared_ms = 0
        self._use(job_serving)

    def begin(self, now_ms: int, first: bytes | None = None) -> Iterator[Any]:
        """Continue from the state; yield TOPIC_BATCHes, as the other methods do.

        Parameters
        ----------
        now_ms : int
        first : bytes or None
            The deployment to begin with where the state has none.
        """
        kept, wanted = self._state.deployment.value(), self._state.pending_deployment.value()
        if kept is None and wanted is None and first is not None:
            kept = first
            self._state.deployment.update(first)
        if kept is not None:
            outcome = self._loader.awaited(kept)
            if outcome.serving is None:
                yield self._reports.refused(self._key, outcome, now_ms, None)
                self._counts.refused()
                if outcome.late and wanted is None:
                    wanted = kept
                    self._state.pending_deployment.update(kept)
            else:
                self._use(outcome.serving)
        yield self._reports.serving(self._key, self.serving, now_ms, None)
        if wanted is not None:
            self._request, self._requested_ms = self._loader.request(wanted), now_ms

    def apply(self, payload: bytes, now_ms: int) -> None:
        """Apply a deployment: its models serve when they are loaded, in place of any that are pending."""
        self._state.pending_deployment.update(payload)
        self._request, self._requested_ms = self._loader.request(payload), now_ms

    def poll(self, now_ms: int) -> Iterator[Any]:
        """Serve pending models that are loaded, and write comparisons that are due."""
        if self._request is not None and self._request.done():
            if self._request.cancelled():  # replaced by a newer one that has reached other shards only, so far
                self._request = self._loader.request(self._state.pending_deployment.value())
            else:
                yield from self._follow(self._request.result(), now_ms)
        # A clock that was set back must not delay comparisons.
        if self._compared_ms and not self._compared_ms <= now_ms < self._compared_ms + COMPARED_MS:
            yield self._comparisons(now_ms)

    def compare(self, scored: ScoredBatch, now_ms: int) -> None:
        """Add a batch to the comparisons of the challengers."""
        for tally in self._tallies:
            tally.add(scored)
        if self._tallies and not self._compared_ms:
            self._compared_ms = now_ms

    def hold_to_budget(self, ensemble_scores: EnsembleScores, now_ms: int) -> Iterator[Any]:
        """Remove a challenger that scores too slowly; yield TOPIC_BATCHes that report it."""
        if not self._budgets or not ensemble_scores.seconds:
            return
        champion_s, *seconds = ensemble_scores.seconds
        for budget, challenger_s in zip(self._budgets, seconds, strict=True):
            budget.add(champion_s, challenger_s)
        slow = [number for number, budget in enumerate(self._budgets, 1) if budget.exceeded]
        for number in reversed(slow):
            name, ratio = self.serving.ensemble.models[number].manifest.model_id, self._challenger_time_ratio
            yield from self.remove(
                number, f"challenger {name}: expected at most {ratio:g} times the champion's time, got more", now_ms
            )

    def remove(self, number: int, why: str, now_ms: int) -> Iterator[Any]:
        """Remove a challenger, after a restart too; yield TOPIC_BATCHes that report it."""
        serving = self.serving.without(number)
        if self._compared_ms:
            yield self._comparisons(now_ms)
        yield self._reports.removed(self._key, self.serving, number, why, now_ms)
        self._counts.challenger_removed()
        # The state has the deployment as it is now.
        self._state.deployment.update(self._loader.encode(cast("Deployment", serving.deployment)))
        self._use(serving)
        yield self._reports.serving(self._key, serving, now_ms, None)

    def champion_scored(self, transactions: int) -> None:
        """Count transactions that the champion scored."""
        self._failures.add(transactions, 0)

    def must_fall_back(self, transactions: int) -> bool:
        """Count transactions that the champion fails for one by one, and return whether it is at fault.

        It is at fault where it fails its self-test too, or for many of the last transactions; and there must be
        another one to fall back to.
        """
        self._failures.add(transactions, transactions)
        if self._former is self.serving:
            return False
        if self._failures.exceeded:
            return True
        try:
            require_self_test(self.serving.ensemble.champion)
        except Exception:
            return True
        return False

    def fall_back(self, why: str, now_ms: int) -> Iterator[Any]:
        """Fall back to the models before these, after a restart too; yield TOPIC_BATCHes that report it."""
        failed, former = self.serving, self._former
        yield self._reports.failed(self._key, failed, why, now_ms)
        self._counts.fell_back()
        if former.deployment is None:
            self._state.deployment.clear()
        else:
            self._state.deployment.update(self._loader.encode(former.deployment))
        self._former = self._job_serving
        self._use(former)
        yield self._reports.serving(self._key, former, now_ms, None)

    def next_poll_ms(self, now_ms: int) -> int | None:
        """Return the latest time of the next `poll`, milliseconds since 1970; None where nothing is pending."""
        if self._request is not None:
            return now_ms + min(max(LOADING_MS, (now_ms - self._requested_ms) // 10), MAX_LOADING_MS)
        return min(self._compared_ms, now_ms) + COMPARED_MS if self._compared_ms else None

    def _follow(self, outcome: Outcome, now_ms: int) -> Iterator[Any]:
        took_ms = max(0, now_ms - self._requested_ms)
        self._request = None
        if outcome.serving is None:
            yield self._reports.refused(self._key, outcome, now_ms, took_ms)
            self._counts.refused()
        else:
            if self._compared_ms:
                yield self._comparisons(now_ms)
            self._state.deployment.update(self._state.pending_deployment.value())
            if outcome.serving is not self.serving:
                self._former = self.serving
            self._use(outcome.serving)
            yield self._reports.serving(self._key, self.serving, now_ms, took_ms)
            self._counts.deployed()
        self._state.pending_deployment.clear()

    def _use(self, serving: Serving) -> None:
        self.serving = serving
        self._serve(serving.ensemble)
        self._tallies = [ShadowTally(serving.ensemble, number) for number in range(1, len(serving.ensemble.models))]
        self._budgets = [TimeBudget(self._challenger_time_ratio) for _ in self._tallies]
        self._failures = RecentShare(FAILING_SHARE, FEW_FAILURES)
        self._compared_ms = 0

    def _comparisons(self, now_ms: int) -> Any:
        begin_ms, self._compared_ms = min(self._compared_ms, now_ms), 0
        return self._reports.comparisons(self._key, self.serving.deployment_id, self._tallies, begin_ms, now_ms)
