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
"""How often it is asked whether ordered models are loaded, where no batch asks: milliseconds."""

MAX_LOADING_MS = 1_000
"""The same where a load takes long, as from a network folder that hangs: a tenth of how long it takes, up to this."""

COMPARED_MS = 5_000
"""How long comparisons add up before they are written, milliseconds."""


FAILING_SHARE, FEW_FAILURES = 0.2, 10
"""A champion that fails for such a share of the last transactions, and so many, is at fault, and not they."""


class ShardModels:
    """Which models serve one shard: it takes orders, changes between two batches, and says what it did.

    An order stands in the state until it was followed or refused, so a restart forgets none; so does the deployment
    that serves. One that can't be loaded again after a restart is refused, and the settings' model serves until the
    next restart finds it, or another order comes: to score by the wrong model is told, not to score would be worse.
    One that loads for longer than a shard waits for, as from a network folder that hangs, is refused likewise, and
    serves once it is loaded unless another is ordered.

    A challenger that fails or is too slow is removed. A champion that fails gives way to the models before it: those
    of the former deployment since the job's start, else the settings' own.

    Parameters
    ----------
    key : int
        Of the shard.
    state : ShardState
        With this shard's key current, now and at each call.
    loader : ServingLoader
    own : Serving
        The model of the job's settings.
    serve : callable of Panel
        Makes the shard's scorer score by other models.
    reports : ModelReports
    counts : Counts
    challenger_time_ratio : float
        How many times the champion's time a challenger's scoring may take, see `TimeBudget`.

    Attributes
    ----------
    serving : Serving
        What scores.
    next_timer_ms : int or None
        When a timer of the shard's goes off, milliseconds since 1970: `look` is called then.
    """

    def __init__(
        self,
        key: int,
        state: ShardState,
        loader: ServingLoader,
        own: Serving,
        serve: Callable[[ServedModels], None],
        reports: ModelReports,
        counts: Counts,
        challenger_time_ratio: float = 10.0,
    ) -> None:
        self._key, self._state, self._loader, self._serve = key, state, loader, serve
        self._reports, self._counts = reports, counts
        self._former, self._own = own, own
        self._challenger_time_ratio = challenger_time_ratio
        self._order: Future[Outcome] | None = None
        self._ordered_ms = 0
        self.next_timer_ms: int | None = None
        self._compared_ms = 0
        self._use(own)

    def begin(self, now_ms: int, first: bytes | None = None) -> Iterator[Any]:
        """Go on as the state says; yield TOPIC_BATCHes, as the others do.

        Parameters
        ----------
        now_ms : int
        first : bytes or None
            The order to begin with where the state has none.
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
            self._order, self._ordered_ms = self._loader.order(wanted), now_ms

    def order(self, payload: bytes, now_ms: int) -> None:
        """Take a control record: its models serve when they are loaded, in place of any that were ordered before."""
        self._state.pending_deployment.update(payload)
        self._order, self._ordered_ms = self._loader.order(payload), now_ms

    def look(self, now_ms: int) -> Iterator[Any]:
        """Change to ordered models that are loaded, and write comparisons that are due."""
        if self._order is not None and self._order.done():
            if self._order.cancelled():  # it gave way to a newer one, which went to other shards alone so far
                self._order = self._loader.order(self._state.pending_deployment.value())
            else:
                yield from self._follow(self._order.result(), now_ms)
        # A clock that was set back must not hold comparisons up until it is where it was.
        if self._compared_ms and not self._compared_ms <= now_ms < self._compared_ms + COMPARED_MS:
            yield self._comparisons(now_ms)

    def compare(self, scored: ScoredBatch, now_ms: int) -> None:
        """Add a batch to what is known of the challengers."""
        for tally in self._tallies:
            tally.add(scored)
        if self._tallies and not self._compared_ms:
            self._compared_ms = now_ms

    def hold_to_budget(self, verdict: EnsembleScores, now_ms: int) -> Iterator[Any]:
        """Remove a challenger that scores too slowly; yield TOPIC_BATCHes that say so."""
        if not self._budgets or not verdict.seconds:
            return
        champion_s, *seconds = verdict.seconds
        for budget, challenger_s in zip(self._budgets, seconds, strict=True):
            budget.add(champion_s, challenger_s)
        slow = [number for number, budget in enumerate(self._budgets, 1) if budget.exceeded]
        for number in reversed(slow):
            name, ratio = self.serving.panel.models[number].manifest.model_id, self._challenger_time_ratio
            yield from self.remove(
                number, f"challenger {name}: expected at most {ratio:g} times the champion's time, got more", now_ms
            )

    def remove(self, number: int, why: str, now_ms: int) -> Iterator[Any]:
        """Go on without a challenger, after a restart too; yield TOPIC_BATCHes that say so."""
        serving = self.serving.without(number)
        if self._compared_ms:
            yield self._comparisons(now_ms)
        yield self._reports.removed(self._key, self.serving, number, why, now_ms)
        self._counts.challenger_removed()
        # What stands in the state is the deployment as it is now.
        self._state.deployment.update(self._loader.encode(cast("Deployment", serving.deployment)))
        self._use(serving)
        yield self._reports.serving(self._key, serving, now_ms, None)

    def champion_scored(self, transactions: int) -> None:
        """Count transactions that the champion scored."""
        self._failures.add(transactions, 0)

    def must_fall_back(self, transactions: int) -> bool:
        """Count transactions that the champion fails for one by one, and return whether it is at fault.

        It is where the champion fails for its own self-test too, or for many of the last transactions; and where there
        is another to fall back to.
        """
        self._failures.add(transactions, transactions)
        if self._former is self.serving:
            return False
        if self._failures.exceeded:
            return True
        try:
            require_self_test(self.serving.panel.champion)
        except Exception:
            return True
        return False

    def fall_back(self, why: str, now_ms: int) -> Iterator[Any]:
        """Go back to the models before these, after a restart too; yield TOPIC_BATCHes that say so."""
        failed, former = self.serving, self._former
        yield self._reports.failed(self._key, failed, why, now_ms)
        self._counts.fell_back()
        if former.deployment is None:
            self._state.deployment.clear()
        else:
            self._state.deployment.update(self._loader.encode(former.deployment))
        self._former = self._own
        self._use(former)
        yield self._reports.serving(self._key, former, now_ms, None)

    def next_poll_ms(self, now_ms: int) -> int | None:
        """Return when `look` is to be called at the latest, milliseconds since 1970; None: there is nothing to do."""
        if self._order is not None:
            return now_ms + min(max(LOADING_MS, (now_ms - self._ordered_ms) // 10), MAX_LOADING_MS)
        return min(self._compared_ms, now_ms) + COMPARED_MS if self._compared_ms else None

    def _follow(self, outcome: Outcome, now_ms: int) -> Iterator[Any]:
        took_ms = max(0, now_ms - self._ordered_ms)
        self._order = None
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
        self._serve(serving.panel)
        self._tallies = [ShadowTally(serving.panel, number) for number in range(1, len(serving.panel.models))]
        self._budgets = [TimeBudget(self._challenger_time_ratio) for _ in self._tallies]
        self._failures = RecentShare(FAILING_SHARE, FEW_FAILURES)
        self._compared_ms = 0

    def _comparisons(self, now_ms: int) -> Any:
        begin_ms, self._compared_ms = min(self._compared_ms, now_ms), 0
        return self._reports.comparisons(self._key, self.serving.deployment_id, self._tallies, begin_ms, now_ms)
