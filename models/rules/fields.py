"""Names of rule conditions: features, the score, the local time, texts of the transaction."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from models.features.operation import Operation
from models.features.table import FEATURES
from models.rules.local_time import LOCAL_FLAGS, LOCAL_NUMBERS
from models.rules.vocabulary import Vocabulary
from schemas.declaration.column_kind import ColumnKind
from schemas.declaration.declaration import Declaration
from schemas.transaction_fields import Reader, names_read_by

SCORE = "score"
"""The model's fraud probability."""

TEXTS = names_read_by(Reader.RULES)
"""Text fields of the transaction."""

FEATURE_COLUMNS = {feature.name: column for column, feature in enumerate(FEATURES)}

FLAGS = frozenset(feature.name for feature in FEATURES if feature.unit == "flag") | frozenset(LOCAL_FLAGS)
"""Names that are conditions on their own."""

NUMBERS = frozenset((*FEATURE_COLUMNS, SCORE, *LOCAL_NUMBERS))
"""Names with numeric values, flags included."""

MARKED_MISSING = np.array([feature.missing == -1 for feature in FEATURES])
"""Features whose value -1 means missing; their other values are never negative."""

_NEW_CUSTOMER = {
    feature.entity: column
    for column, feature in enumerate(FEATURES)
    if feature.operation is Operation.ENTITY_IS_NEW_CUSTOMER
}
ENTITY_MARKERS = {column: _NEW_CUSTOMER[feature.entity] for column, feature in enumerate(FEATURES) if feature.entity}
"""Column that is -1 where the transaction lacks the entity, by column of the entity's features."""

NAMES = (*FEATURE_COLUMNS, SCORE, *LOCAL_NUMBERS, *LOCAL_FLAGS, *TEXTS)

RULE_NAMES = Vocabulary(
    expected="a feature, `score` or a column of the transaction",
    flags=FLAGS,
    numbers=NUMBERS,
    texts=TEXTS,
    names=NAMES,
)
"""Names that the conditions of rules may have."""


def rule_names(declaration: Declaration | None, features: Iterable[str] = ()) -> Vocabulary:
    """Return the names that the conditions of rules may have.

    Parameters
    ----------
    declaration : Declaration or None
        Declaration of columns; a built-in name keeps its meaning.
    features : iterable of str
        Further features that are computed.
    """
    columns = () if declaration is None else declaration.columns
    own, further = [column for column in columns if column.name not in NAMES], tuple(features)
    if not own and not further:
        return RULE_NAMES
    return replace(
        RULE_NAMES,
        flags=FLAGS | {column.name for column in own if column.kind is ColumnKind.FLAG},
        numbers=NUMBERS | {column.name for column in own if not column.kind.is_text} | set(further),
        texts=(*TEXTS, *(column.name for column in own if column.kind.is_text)),
        names=(*NAMES, *(column.name for column in own), *further),
    )
