"""One shard of the scoring operator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from pyflink.common import Row
from pyflink.datastream import OutputTag

from jobs.operators.gathering import Gathered, Gathering
from jobs.operators.guarded_scoring import GuardedScoring, Scored
from jobs.operators.label_blobs import decode_rejected
from jobs.operators.micro_batch import MicroBatch
from jobs.operators.plain_records import plain_transaction
from jobs.operators.scoring_run import ScoringInput
from jobs.operators.settled import internal
from jobs.operators.shard_lists import ShardLists
from jobs.operators.shard_models import LOADING_MS, ShardModels
from jobs.operators.shard_rules import ShardRules
from jobs.operators.shard_scorer import ShardScorer
from jobs.operators.shard_snoozes import ShardSnoozes
from jobs.record_types import (
    DECODED,
    DEPLOYMENT,
    ENTITY_REPLY,
    KNOWN,
    LIST_ENTRIES,
    QUERIES,
    REJECTED_LABELS,
    RULES,
    SIGNAL_OBSERVATION,
    SNOOZE,
)
from models.scoring.decision import Decision
from schemas.columns import TRANSACTION_ARROW
from schemas.customer_snooze import SNOOZE_PREFIX
from schemas.declaration.with_declared import with_declared
from schemas.rejection import Reason, Rejection
from schemas.wall_clock import now_ms

if TYPE_CHECKING:
    from jobs.operators.decoded_batch import DecodedBatch
    from jobs.operators.label_blobs import CustomerLabels
    from jobs.operators.subtask import Subtask
    from models.features.entities.entity_inputs import EntityInputs

OBSERVATIONS = OutputTag("observations", SIGNAL_OBSERVATION)


Handler = Callable[[MicroBatch], Iterable[Any]]
"""Processes a micro-batch; gives what is to be emitted."""


class Shard:
    """Scorer, models and rules of one shard, with the handlers of its micro-batches by record kind.

    Parameters
    ----------
    key : int
        Key of the shard, which is Flink's current key now and at each call.
    subtask : Subtask
    """

    def __init__(self, key: int, subtask: Subtask) -> None:
        config, state = subtask.config, subtask.state
        serving = subtask.job_model.serving(state.deployment.value() or config.first_deployment_bytes, subtask.loader)
        self._subtask, self._config, self._state, self._counts = subtask, config, state, subtask.counts
        self._dead_letters = serving.writers[0].outputs.dead_letters
        self._scorer = ShardScorer(key, partial(subtask.new_scorer, serving), state, config.customers_per_shard)
        self.models = ShardModels(
            key, state, subtask.loader, serving, self._scorer.serve, subtask.reports, subtask.counts,
            config.challenger_time_ratio,
        )  # fmt: skip
        self.rules = ShardRules(
            key, state, subtask.rules, subtask.reports, subtask.counts,
            ShardSnoozes(state.snoozes, subtask.snoozes), ShardLists(state, subtask.lists), config.time_zone,
            subtask.declared,
        )  # fmt: skip
        self._gathering = Gathering(with_declared(TRANSACTION_ARROW, config.declared), subtask.declared)
        self._scoring = GuardedScoring(self._scorer, self.models, self.rules, plain_transaction())
        self._handlers: Mapping[int, Handler] = {
            DECODED: self._decoded,
            ENTITY_REPLY: self._replied,
            REJECTED_LABELS: self._reject_labels,
            DEPLOYMENT: self._deploy,
            RULES: self._replace_rules,
            SNOOZE: self._snooze,
            LIST_ENTRIES: self._change_lists,
            KNOWN: _nothing,
        }

    def begin(self) -> Iterator[Any]:
        """Continue from the state, or begin with what the job was submitted with; yield what is to be emitted."""
        config = self._config
        yield from self.models.begin(now_ms(), config.first_deployment_bytes)
        yield from self.rules.begin(now_ms(), config.first_rules_bytes, self._subtask.first_records)

    def process(self, batch: MicroBatch) -> Iterable[Any]:
        """Process a MICRO_BATCH: give TOPIC_BATCHes, and SIGNAL_OBSERVATIONs under OBSERVATIONS."""
        return self._handlers[batch.kind](batch)

    def learn(self, given: CustomerLabels) -> Iterator[Any]:
        """Learn labels of the shard's customers: yield TOPIC_BATCHes of those that can't be learned."""
        labels, positions, payloads = given
        failed = self._scorer.learn(labels, positions)
        if failed:
            letters = [Rejection(row, Reason.INTERNAL, internal(error)) for row, error in failed.items()]
            topic, customers = self._config.topics.labels, labels.customers
            yield from self._set_aside(topic, letters, customers, payloads.to_pylist(), positions.tolist())

    def on_timer(self) -> Iterator[Any]:
        """Serve models and rules that have been loaded where no batch has come since."""
        self.models.next_timer_ms = None
        yield from self._poll(now_ms())

    def next_timer_ms(self) -> int | None:
        """Return when a new timer is needed, milliseconds since 1970; None: there is one, or nothing to wait for."""
        now, models = now_ms(), self.models
        due_ms = models.next_poll_ms(now) if self.rules.next_poll_ms(now) is None else now + LOADING_MS
        if due_ms is None or (models.next_timer_ms is not None and models.next_timer_ms <= due_ms):
            return None
        models.next_timer_ms = due_ms
        return due_ms

    def _poll(self, now: int) -> Iterator[Any]:
        yield from self.models.poll(now)
        yield from self.rules.poll(now)

    def _decoded(self, batch: MicroBatch) -> Iterator[Any]:
        yield from self._complete(self._gathering.add(batch.payloads[0]))

    def _replied(self, batch: MicroBatch) -> Iterator[Any]:
        yield from self._complete(self._gathering.reply(batch.payloads[0]))

    def _complete(self, gathered: Iterable[Gathered]) -> Iterator[Any]:
        for batch, entities in gathered:
            if batch.kind == QUERIES:
                yield from self._subtask.answers.to(self._scorer, batch.records, entities, now_ms())
            else:
                yield from self._score(batch, entities)

    def _score(self, batch: DecodedBatch, entities: EntityInputs) -> Iterator[Any]:
        now = now_ms()
        yield from self._poll(now)
        rejections, positions = batch.rejections, batch.positions
        good = np.delete(np.arange(len(positions)), [item.row for item in rejections]) if rejections else None
        if len(batch.records):
            given = ScoringInput(
                records=batch.records,
                entities=entities,
                positions=positions if good is None else positions[good],
                unfinished=self._state.observation.value(),
                now_ms=now,
            )
            scored = self._scoring.score(given)
            yield from self._kept(scored, now)
            failed = scored.rejections
            rejections += failed if good is None else [replace(item, row=int(good[item.row])) for item in failed]
        if rejections:
            topic = self._config.topics.transactions
            yield from self._set_aside(topic, rejections, *batch.read_originals(), positions.tolist())

    def _kept(self, scored: Scored, now: int) -> Iterator[Any]:
        """Store what is known now, then emit it."""
        yield from scored.events
        if not scored.parts:
            return
        self._scorer.store(max(part.newest_ms for part in scored.parts), now)
        self._state.observation.update(scored.parts[-1].unfinished)
        for part in scored.parts:
            ruled = part.ruled.decisions
            self._counts.scored(len(ruled), int(np.count_nonzero(ruled != Decision.APPROVE)))
            self.rules.count(part.ruling)
            yield from part.rows
            if part.serving is self.models.serving:
                self.models.compare(part.scored, now)
                yield from self.models.hold_to_budget(part.scored.ensemble_scores, now)
            for signal, observation in part.observed:
                yield OBSERVATIONS, Row(signal, observation.to_json())

    def _reject_labels(self, batch: MicroBatch) -> Iterator[Any]:
        yield from self._set_aside(self._config.topics.labels, decode_rejected(batch), *batch[1:4])

    def _deploy(self, batch: MicroBatch) -> Iterable[Any]:
        self.models.apply(batch.payloads[0], now_ms())
        return ()

    def _replace_rules(self, batch: MicroBatch) -> Iterable[Any]:
        self.rules.apply(batch.payloads[0])
        return ()

    def _snooze(self, batch: MicroBatch) -> Iterator[Any]:
        yield from self.rules.snooze(batch.keys[0].removeprefix(SNOOZE_PREFIX), batch.payloads[0], now_ms())

    def _change_lists(self, batch: MicroBatch) -> Iterator[Any]:
        yield from self.rules.follow_entries(self._subtask.lists.read(*batch[1:4]), now_ms())

    def _set_aside(
        self,
        topic: str,
        rejections: list[Rejection],
        keys: Sequence[Any],
        payloads: Sequence[bytes],
        positions: Sequence[int],
    ) -> Iterator[Any]:
        if rejections:
            self._counts.set_aside(rejections)
            yield from self._dead_letters(topic, rejections, keys, payloads, positions, now_ms())


def _nothing(_batch: MicroBatch) -> Iterable[Any]:
    """Do nothing: records that the job was submitted with only make a shard begin."""
    return ()
