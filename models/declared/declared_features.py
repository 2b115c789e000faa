"""Declared features, checked and ready for batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from models.declared.aggregate_engine import AggregateEvents
from models.declared.aggregate_plan import plan_aggregates
from models.declared.declared_columns import DeclaredColumns, vocabulary_of
from models.declared.entity_aggregates import EntityAggregates, Holds
from models.features.aggregate_tables import AggregateTables
from models.features.hashing import transaction_hashes
from models.features.table import FEATURE_NAMES
from models.rules.condition import compile_condition
from models.rules.language import read_condition
from schemas.declaration.core_columns import AMOUNT, CORE_ENTITIES, CORE_KINDS
from schemas.declaration.declaration import Declaration, DeclarationError
from schemas.declaration.declared_feature import DeclaredFeature
from schemas.declaration.feature_parser import FeatureError, parse_features
from schemas.declaration.verb import Verb
from schemas.rule_book import RuleError

BELOW_COUNTS, BELOW_ALL = -1.0, -1e9
"""Missing value of a feature that is never negative, and of one that is hardly ever less."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DeclaredFeatures:
    """Aggregates of a declaration, and their ratios.

    Attributes
    ----------
    features : tuple of DeclaredFeature
        In the order of the columns of x.
    kinds : mapping of str to str
        Kind of each column, those that each transaction has included.
    entities : tuple of EntityAggregates
    ratios : tuple of (int, int, int)
        Column of a ratio, and of its parts, each after the ratios that it needs.
    """

    features: tuple[DeclaredFeature, ...]
    kinds: Mapping[str, str]
    entities: tuple[EntityAggregates, ...]
    ratios: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(
        cls, tables: Sequence[Mapping[str, Any]], kinds: Mapping[str, str], entities: Mapping[str, Sequence[str]]
    ) -> DeclaredFeatures:
        """Return the features that a declaration's tables ``[[features]]`` declare.

        Parameters
        ----------
        kinds : mapping of str to str
            Kind of each declared column.
        entities : mapping of str to sequence of str
            Columns of each declared entity.

        Raises
        ------
        FeatureError
            A line for each mistake.
        """
        all_kinds = {**CORE_KINDS, **kinds}
        all_entities = {**CORE_ENTITIES, **{name: tuple(columns) for name, columns in entities.items()}}
        features = parse_features(tables, all_kinds, all_entities, taken={*FEATURE_NAMES, *all_kinds})
        conditions = _compiled(features, all_kinds)
        of_entity: dict[str, list[tuple[int, DeclaredFeature]]] = {}
        for column, feature in enumerate(features):
            if not feature.parts:
                of_entity.setdefault(feature.entity, []).append((column, feature))
        return cls(
            features=features,
            kinds=all_kinds,
            entities=tuple(
                _aggregates(name, all_entities[name], own, conditions, all_kinds) for name, own in of_entity.items()
            ),
            ratios=_ratios(features),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order of the columns of x."""
        return tuple(feature.name for feature in self.features)

    @property
    def missing(self) -> tuple[float, ...]:
        """Value of each feature where it is missing."""
        by_name = {feature.name: feature for feature in self.features}
        return tuple(BELOW_ALL if _may_be_negative(feature, by_name) else BELOW_COUNTS for feature in self.features)

    def events(self, records: pa.RecordBatch) -> list[AggregateEvents]:
        """Return the events of each entity, in the order of the transactions."""
        columns, transactions = DeclaredColumns(records, self.kinds), transaction_hashes(records)
        return [entity.events(columns, transactions) for entity in self.entities]

    def empty(self, n: int) -> NDArray[np.float32]:
        """Return the features of n transactions without entities, (n, features)."""
        return np.full((n, len(self.features)), np.nan, np.float32)

    def write_ratios(self, x: NDArray[np.float32]) -> None:
        """Write the ratios from their parts; missing where a part is, or the second is 0."""
        with np.errstate(all="ignore"):
            for column, over, under in self.ratios:
                found = x[:, over] / x[:, under]
                x[:, column] = np.where(x[:, under] == 0, np.float32(np.nan), found)

    def completed(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the features of n transactions as the model has them, (n, features), once each entity wrote its own.

        Those that are missing, or no number that a float32 holds, have their missing value.
        """
        self.write_ratios(x)
        return np.where(np.isfinite(x), x, np.array(self.missing, np.float32))

    def x_columns_of(self, entity: EntityAggregates) -> list[int]:
        """Return the columns of x of an entity's features and of the ratios that follow from them."""
        found = set(entity.x_columns.tolist())
        for column, *parts in self.ratios:
            if found.intersection(parts):
                found.add(column)
        return sorted(found)


def aggregate_tables(declaration: Declaration) -> AggregateTables | None:
    """Return the aggregates of a declaration as a model has them, None without any.

    Raises
    ------
    DeclarationError
        A line for each mistake in them.
    """
    declared = aggregates_of(declaration)
    if declared is None:
        return None
    return AggregateTables(
        tables=declaration.raw_features,
        kinds=declaration.kinds,
        entities={entity.name: entity.columns for entity in declaration.entities},
        names=declared.names,
        missing=declared.missing,
    )


def features_of(declaration: Declaration) -> tuple[DeclaredFeature, ...]:
    """Return the aggregates that a declaration declares.

    Raises
    ------
    DeclarationError
        A line for each mistake in them.
    """
    return declared_features(declaration).features


def aggregates_of(declaration: Declaration | None) -> DeclaredFeatures | None:
    """Return the aggregates of a declaration, ready for batches; None without any.

    Raises
    ------
    DeclarationError
        A line for each mistake in them.
    """
    return declared_features(declaration) if declaration is not None and declaration.raw_features else None


def declared_features(declaration: Declaration) -> DeclaredFeatures:
    """Return the aggregates of a declaration, ready for batches.

    Raises
    ------
    DeclarationError
        A line for each mistake in them.
    """
    entities = {entity.name: entity.columns for entity in declaration.entities}
    try:
        return DeclaredFeatures.of(declaration.raw_features, declaration.kinds, entities)
    except FeatureError as error:
        file = declaration.path or "the declaration"
        raise DeclarationError("\n".join(f"{file}: {line}" for line in str(error).splitlines())) from None


def _may_be_negative(feature: DeclaredFeature, by_name: Mapping[str, DeclaredFeature]) -> bool:
    """Return whether a feature is of numbers that may be negative."""
    if feature.parts:
        return any(_may_be_negative(by_name[part], by_name) for part in feature.parts)
    of_numbers = feature.verb in {Verb.SUM, Verb.MEAN, Verb.MIN, Verb.MAX, Verb.RATE, Verb.LAST}
    return of_numbers and feature.column not in {None, AMOUNT}


def _compiled(features: Sequence[DeclaredFeature], kinds: Mapping[str, str]) -> dict[str, Holds]:
    """Return the function of each condition that the features have."""
    vocabulary, compiled, problems = vocabulary_of(kinds), dict[str, Holds](), []
    for feature in features:
        for key, text in (("where", feature.where), ("share", feature.share)):
            if text is None or text in compiled:
                continue
            try:
                compiled[text] = compile_condition(read_condition(text), {}, vocabulary, f"the {key}")
            except RuleError as error:
                problems.append(f"feature {feature.name}: {key}: {error}")
    if problems:
        raise FeatureError("\n".join(problems))
    return compiled


def _aggregates(
    name: str,
    columns: tuple[str, ...],
    features: Sequence[tuple[int, DeclaredFeature]],
    compiled: Mapping[str, Holds],
    kinds: Mapping[str, str],
) -> EntityAggregates:
    # State does not depend on the order of the file, nor on the names of features.
    plan = plan_aggregates(sorted(features, key=lambda found: (found[1].verb, found[1].source, str(found[1].where),
                                                               found[1].window_ms)))  # fmt: skip
    read = (f"kind {column} {kinds[column]}" for column in (*plan.hashes, *plan.numbers))
    plan = replace(plan, layout=(f"entity {name} of {', '.join(columns)}", *plan.layout, *read))
    conditions = tuple(
        (tuple(compiled[text] for text in (condition.where, condition.share) if text is not None), condition.present)
        for condition in plan.conditions
    )
    return EntityAggregates(name=name, columns=columns, plan=plan, conditions=conditions)


def _ratios(features: Sequence[DeclaredFeature]) -> tuple[tuple[int, int, int], ...]:
    index = {feature.name: column for column, feature in enumerate(features)}
    pending = [feature for feature in features if feature.parts]
    done, found = {feature.name for feature in features if not feature.parts}, []
    while pending:
        ready = [feature for feature in pending if done.issuperset(feature.parts or ())]
        for feature in ready:
            over, under = feature.parts or ("", "")
            found.append((index[feature.name], index[over], index[under]))
        done |= {feature.name for feature in ready}
        pending = [feature for feature in pending if feature.name not in done]
    return tuple(found)
