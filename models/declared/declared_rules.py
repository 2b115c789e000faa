"""Declared features as rules have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from models.rules.fields import rule_names

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.declared.declared_features import DeclaredFeatures
    from models.rules.vocabulary import Vocabulary
    from schemas.declaration.declaration import Declaration


def names_of_rules(declaration: Declaration | None) -> Vocabulary:
    """Return the names that the conditions of rules may have, declared features included.

    Raises
    ------
    DeclarationError
        A line for each mistake in the features.
    """
    if declaration is None or not declaration.raw_features:
        return rule_names(declaration)
    from models.declared.declared_features import features_of  # noqa: PLC0415 - loads numba

    return rule_names(declaration, [feature.name for feature in features_of(declaration)])


def numbers_of_rules(
    declared: DeclaredFeatures | None, x: NDArray[np.float32] | None
) -> Mapping[str, NDArray[np.float32]]:
    """Return each declared feature of n transactions by its name, (n,); NaN where it is missing.

    Parameters
    ----------
    x : ndarray of float32, (n, features), or None
        As a model has them, see `DeclaredFeatures.completed`.
    """
    if declared is None or x is None:
        return {}
    found = np.where(x == np.array(declared.missing, np.float32), np.float32(np.nan), x)
    return dict(zip(declared.names, np.ascontiguousarray(found.T), strict=True))
