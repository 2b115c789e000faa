from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from models.scoring.panel import Panel
from models.scoring.shadow_tally import ShadowTally

if TYPE_CHECKING:
    from jobs.operators.counts import Counts
    from jobs.operators.model_reports import ModelReports
    from jobs.operators.serving import Serving
    from jobs.operators.serving_loader import Outcome, ServingLoader
    from jobs.operators.shard_state import ShardState
    from models.scoring.transaction_scorer import ScoredBatch

LOADING_MS = 20
"""How often it is asked whether ordered models are loaded, where no batch asks: milliseconds."""

COMPARED_MS = 5_000
"""How long comparisons add up before they are written, milliseconds."""


class ShardModels:
    """Which models serve one shard: it takes orders, changes between two batches, and says what it did.

    An order stands in the state until it was followed or refused, so a restart forgets none; so does the deployment
    that serves. One that can't be loaded again after a restart is refused, and the settings' model serves until the
    next restart finds it, or another order comes: to score by the wrong model is told, not to score would be worse.

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

    Attributes
    ----------
    serving : Serving
        What scores.
    alarm_ms : int or None
        When a timer of the shard's goes off, milliseconds since 1970: `look` is called then.
    """

    def __init__(
        self,
        key: int,
        state: ShardState,
        loader: ServingLoader,
        own: Serving,
        serve: Callable[[Panel], None],
        reports: ModelReports,
        counts: Counts,
    ) -> None:
        self._key, self._state, self._loader, self._serve = key, state, loader, serve
        self._reports, self._counts = reports, counts
        self._order: Future[Outcome] | None = None
        self._ordered_ms = 0
        self.alarm_ms: int | None = None
        self._compared_ms = 0
        self._use(own)

    def begin(self, now_ms: int) -> Iterator[Any]:
        """Go on as the state says; yield TOPIC_BATCHes, as the others do."""
        kept = self._state.deployment.value()
        if kept is not None:
            outcome = self._loader.order(kept).result()
            if outcome.serving is None:
                yield self._reports.refused(self._key, outcome, now_ms, None)
                self._counts.refused()
            else:
                self._use(outcome.serving)
        yield self._reports.serving(self._key, self.serving, now_ms, None)
        wanted = self._state.wanted_deployment.value()
        if wanted is not None:
            self._order, self._ordered_ms = self._loader.order(wanted), now_ms

    def order(self, payload: bytes, now_ms: int) -> None:
        """Take a control record: its models serve when they are loaded, in place of any that were ordered before."""
        self._state.wanted_deployment.update(payload)
        self._order, self._ordered_ms = self._loader.order(payload), now_ms

    def look(self, now_ms: int) -> Iterator[Any]:
        """Change to ordered models that are loaded, and write comparisons that are due."""
        if self._order is not None and self._order.done():
            yield from self._follow(self._order.result(), now_ms)
        if self._compared_ms and now_ms >= self._compared_ms + COMPARED_MS:
            yield self._comparisons(now_ms)

    def compare(self, scored: ScoredBatch, now_ms: int) -> None:
        """Add a batch to what is known of the challengers."""
        for tally in self._tallies:
            tally.add(scored)
        if self._tallies and not self._compared_ms:
            self._compared_ms = now_ms

    def next_look_ms(self, now_ms: int) -> int | None:
        """Return when `look` is to be called at the latest, milliseconds since 1970; None: there is nothing to do."""
        if self._order is not None:
            return now_ms + LOADING_MS
        return self._compared_ms + COMPARED_MS if self._compared_ms else None

    def _follow(self, outcome: Outcome, now_ms: int) -> Iterator[Any]:
        took_ms = now_ms - self._ordered_ms
        self._order = None
        if outcome.serving is None:
            yield self._reports.refused(self._key, outcome, now_ms, took_ms)
            self._counts.refused()
        else:
            if self._compared_ms:
                yield self._comparisons(now_ms)
            self._state.deployment.update(self._state.wanted_deployment.value())
            self._use(outcome.serving)
            yield self._reports.serving(self._key, self.serving, now_ms, took_ms)
            self._counts.deployed()
        self._state.wanted_deployment.clear()

    def _use(self, serving: Serving) -> None:
        self.serving = serving
        self._serve(serving.panel)
        self._tallies = [ShadowTally(serving.panel, number) for number in range(1, len(serving.panel.models))]
        self._compared_ms = 0

    def _comparisons(self, now_ms: int) -> Any:
        begin_ms, self._compared_ms = self._compared_ms, 0
        return self._reports.comparisons(self._key, self.serving.deployment_id, self._tallies, begin_ms, now_ms)
