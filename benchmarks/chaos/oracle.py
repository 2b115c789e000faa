"""Oracle of a chaos run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.baselines.naive_features import OF_HISTORY, Event, NaiveEngine
from benchmarks.baselines.naive_labels import LabelFacts, is_of_labels
from benchmarks.baselines.naive_replay import naive_event
from benchmarks.chaos.books import ChaosBook, without_rules
from benchmarks.chaos.chaos_result import Basis, Expected, Key
from benchmarks.chaos.entity_history import entity_features, with_joint_mean
from benchmarks.chaos.label_history import LabelHistory, PositionedLabel
from models.features.entity import ENTITIES
from models.features.operation import Operation
from models.features.table import CUSTOMER_FEATURES, FEATURES
from models.scoring.artifact import Artifact
from models.scoring.decision import Decision, decide
from models.scoring.model import OnnxModel

_RISKS = [column for column, feature in enumerate(CUSTOMER_FEATURES) if feature.operation is Operation.CATEGORY_RISK]
_TYPE_RISKS = [column for column, feature in enumerate(CUSTOMER_FEATURES) if feature.operation is Operation.TYPE_RISK]
_OF_LABELS = [(column, feature) for column, feature in enumerate(FEATURES) if is_of_labels(feature)]


class Oracle:
    """Expected answers to a stream, by the naive engine and the artifacts' ONNX, without code of the job.

    A score depends on the customer's transactions before it, on its entities' events before it, and on the basis that
    its record names: the model, the labels known to its customer and its entities, and the rule book. So there is an
    answer for each basis that a record names, with the entities' events in the sequence that holds at the end of the
    run.

    Parameters
    ----------
    sent : sequence of mappings
        All transactions with the columns of `TRANSACTION_ARROW`, in the sequence of sending.
    labels : iterable of PositionedLabel
        All labels with their positions.
    models : mapping of str to Artifact
        Models by id.
    books : mapping of str to ChaosBook
        Rule books by id.
    sequences : mapping of Key to sequence of int
        Sequence numbers of the entity events of each transaction, from its last score.
    progress : callable of int
        Callback with the number of transactions done.
    """

    def __init__(
        self,
        sent: Sequence[Mapping[str, Any]],
        labels: Iterable[PositionedLabel],
        models: Mapping[str, Artifact],
        books: Mapping[str, ChaosBook],
        sequences: Mapping[Key, Sequence[int]],
        *,
        progress: Callable[[int], None] = lambda _done: None,
    ) -> None:
        self._models, self._books = models, books
        self._labels = {name: LabelHistory() for name in ("customer", *(entity.name for entity in ENTITIES))}
        for label in labels:
            self._labels["customer"].add(label.label.customer_id, [label])
            for entity in ENTITIES:
                if (value := getattr(label.label, entity.column)) is not None:
                    self._labels[entity.name].add(value, [label])
        self._rows: dict[Key, Mapping[str, Any]] = {}
        self._described: dict[Key, tuple[Event, list[float]]] = {}
        engine, some = NaiveEngine(OF_HISTORY), next(iter(models.values()))
        for number, row in enumerate(sent, start=1):
            key = row["customer_id"], row["transaction_id"]
            event = naive_event(row, some)
            self._rows[key], self._described[key] = row, (event, engine.advance(event))
            progress(number)
        described = [(self._rows[key], event, sequences.get(key, ())) for key, (event, _) in self._described.items()]
        self._entities = dict(zip(self._described, entity_features(described), strict=True))

    def expect(self, asked: Sequence[tuple[Key, Basis]]) -> list[Expected | None]:
        """Return the expected answers to transactions on bases; None for an unknown transaction or basis."""
        answers: list[Expected | None] = [None] * len(asked)
        for model_id, artifact in self._models.items():
            rows = [
                row
                for row, (key, basis) in enumerate(asked)
                if basis.model_id == model_id and key in self._rows and basis.rule_book_id in {"", *self._books}
            ]
            for row, score in zip(rows, self._scores(artifact, [asked[row] for row in rows]).tolist(), strict=True):
                answers[row] = self._decided(artifact, *asked[row], score)
        return answers

    def _scores(self, artifact: Artifact, asked: Sequence[tuple[Key, Basis]]) -> NDArray[np.float32]:
        x = [with_joint_mean(self._x(artifact, key, basis)) for key, basis in asked]
        return OnnxModel(artifact.onnx).score(np.array(x, np.float32).reshape(len(x), len(FEATURES)))

    def _x(self, artifact: Artifact, key: Key, basis: Basis) -> list[float]:
        event, described = self._described[key]
        customer = self._labels["customer"].known(event.customer_id, basis.label_offsets)
        facts = {}
        for index, entity in enumerate(ENTITIES):
            known = self._labels[entity.name].known(getattr(event, entity.column), basis.label_offsets_of(index))
            facts[entity.name] = LabelFacts(event.event_time_ms, event.amount, known, customer, event.minor_units)
        of_customer = len(CUSTOMER_FEATURES)
        x = [*described[:of_customer], *self._entities[key], *described[of_customer:]]
        for column, feature in _OF_LABELS:
            x[column] = facts[feature.entity or "merchant"].value_of(feature)
        event = naive_event(self._rows[key], artifact)
        for column in _RISKS:
            x[column] = event.category_risk
        for column in _TYPE_RISKS:
            x[column] = event.type_risk
        return x

    def _decided(self, artifact: Artifact, key: Key, basis: Basis, score: float) -> Expected:
        manifest = artifact.manifest
        thresholds = manifest.review_threshold, manifest.block_threshold
        model = Decision(decide(np.array([score], np.float32), *thresholds)[0])
        book = self._books.get(basis.rule_book_id)
        amount_minor = self._rows[key]["amount_minor"]
        decision, codes = (book.decide if book else without_rules)(amount_minor, model)
        return Expected(
            score=score,
            decision=decision.name,
            rule_codes=codes,
            reads_entities=manifest.width > len(CUSTOMER_FEATURES),
        )
