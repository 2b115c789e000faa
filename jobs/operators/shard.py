"""One shard of the scoring operator."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from pyflink.common import Row
from pyflink.datastream import OutputTag

from jobs.operators.guarded_scoring import GuardedScoring, Scored
from jobs.operators.plain_records import plain_transaction
from jobs.operators.shard_lists import ShardLists
from jobs.operators.shard_models import LOADING_MS, ShardModels
from jobs.operators.shard_rules import ShardRules
from jobs.operators.shard_scorer import ShardScorer
from jobs.operators.shard_snoozes import ShardSnoozes
from jobs.record_types import (
    DEPLOYMENT,
    KNOWN,
    LABELS,
    LIST_ENTRIES,
    QUERIES,
    RULES,
    SAME_LABELS,
    SIGNAL_OBSERVATION,
    SNOOZE,
    TRANSACTIONS,
    kafka_times_ms,
)
from jobs.shards import SHARD_KEYS
from models.scoring.decision import Decision
from schemas.customer_snooze import SNOOZE_PREFIX
from schemas.wall_clock import now_ms

if TYPE_CHECKING:
    from jobs.operators.label_reader import ReadLabels
    from jobs.operators.subtask import Subtask
    from schemas.rejection import Rejection

OBSERVATIONS = OutputTag("observations", SIGNAL_OBSERVATION)

Handler = Callable[[Sequence[Any], Sequence[bytes], Sequence[int], Sequence[int]], Iterable[Any]]
"""Processes the keys, payloads, positions and stamps of a micro-batch; gives what is to be emitted."""


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
        self._scorer = ShardScorer(key, partial(subtask.new_scorer, serving), state)
        self.models = ShardModels(
            key, state, subtask.loader, serving, self._scorer.serve, subtask.reports, subtask.counts,
            config.challenger_time_ratio,
        )  # fmt: skip
        self.rules = ShardRules(
            key, state, subtask.rules, subtask.reports, subtask.counts,
            ShardSnoozes(state.snoozes, subtask.snoozes), ShardLists(state, subtask.lists), config.time_zone,
        )  # fmt: skip
        self._scoring = GuardedScoring(self._scorer, self.models, self.rules, plain_transaction())
        self._handlers: Mapping[int, Handler] = {
            TRANSACTIONS: self._score,
            LABELS: self._learn,
            SAME_LABELS: self._learn_same,
            QUERIES: self._answer,
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

    def process(self, kind: int, *records: Any) -> Iterable[Any]:
        """Process a MICRO_BATCH: give TOPIC_BATCHes, and SIGNAL_OBSERVATIONs under OBSERVATIONS."""
        return self._handlers[kind](*records)

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

    def _score(
        self, keys: Sequence[str], payloads: Sequence[bytes], positions: Sequence[int], stamps: Sequence[int]
    ) -> Iterator[Any]:
        batch = self._subtask.transactions.decode(keys, payloads, kafka_times_ms(stamps))
        now = now_ms()
        yield from self._poll(now)
        records, rejections = batch.records, batch.rejections
        good = np.delete(np.arange(len(keys)), [item.row for item in rejections]) if rejections else None
        if len(records):
            known = list(positions) if good is None else [positions[row] for row in good.tolist()]
            scored = self._scoring.score(records, known, self._state.observation.value(), now)
            yield from self._kept(scored, now)
            failed = scored.rejections
            rejections += failed if good is None else [replace(item, row=int(good[item.row])) for item in failed]
        if rejections:
            yield from self._set_aside(self._config.topics.transactions, rejections, keys, payloads, positions)

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
                yield from self.models.hold_to_budget(part.scored.verdict, now)
            for signal, observation in part.observed:
                yield OBSERVATIONS, Row(signal, observation.to_json())

    def _learn(
        self, keys: Sequence[Any], payloads: Sequence[bytes], positions: Sequence[int], stamps: Sequence[int]
    ) -> Iterator[Any]:
        batch = self._subtask.labels.read(keys, payloads, positions, stamps)
        if batch.rejections and self._scorer.key == SHARD_KEYS[self._config.shards][0]:  # every shard has them
            yield from self._set_aside(self._config.topics.labels, batch.rejections, keys, payloads, positions)
        yield from self._learn_batch(batch)

    def _learn_same(
        self, _keys: Sequence[Any], _payloads: Sequence[bytes], positions: Sequence[int], _stamps: Sequence[int]
    ) -> Iterator[Any]:
        yield from self._learn_batch(self._subtask.labels.last(positions[0]))

    def _learn_batch(self, batch: ReadLabels) -> Iterator[Any]:
        """Learn labels; of each that fails, its customer's shard has the dead letter, however many shards it fails."""
        key = self._scorer.key
        failed = self._scorer.learn(batch.for_shard(key), batch.positions)
        if failed:
            letters, positions = batch.letters(failed, key), batch.positions.tolist()
            yield from self._set_aside(self._config.topics.labels, letters, batch.keys, batch.payloads, positions)

    def _answer(
        self, keys: Sequence[Any], payloads: Sequence[bytes], _positions: Sequence[int], _stamps: Sequence[int]
    ) -> Iterator[Any]:
        yield from self._subtask.answers.to(self._scorer, keys, payloads, now_ms())

    def _deploy(
        self, _keys: Sequence[Any], payloads: Sequence[bytes], _positions: Sequence[int], _stamps: Sequence[int]
    ) -> Iterable[Any]:
        self.models.apply(payloads[0], now_ms())
        return ()

    def _replace_rules(
        self, _keys: Sequence[Any], payloads: Sequence[bytes], _positions: Sequence[int], _stamps: Sequence[int]
    ) -> Iterable[Any]:
        self.rules.apply(payloads[0])
        return ()

    def _snooze(
        self, keys: Sequence[str], payloads: Sequence[bytes], _positions: Sequence[int], _stamps: Sequence[int]
    ) -> Iterator[Any]:
        yield from self.rules.snooze(keys[0].removeprefix(SNOOZE_PREFIX), payloads[0], now_ms())

    def _change_lists(
        self, keys: Sequence[str], payloads: Sequence[bytes], positions: Sequence[int], _stamps: Sequence[int]
    ) -> Iterator[Any]:
        yield from self.rules.follow_entries(self._subtask.lists.read(keys, payloads, positions), now_ms())

    def _set_aside(
        self,
        topic: str,
        rejections: list[Rejection],
        keys: Sequence[Any],
        payloads: Sequence[bytes],
        positions: Sequence[int],
    ) -> Iterator[Any]:
        self._counts.set_aside(rejections)
        yield from self._dead_letters(topic, rejections, keys, payloads, positions, now_ms())


def _nothing(*_records: Sequence[Any]) -> Iterable[Any]:
    """Do nothing: records that the job was submitted with only make a shard begin."""
    return ()
