"""Conditions of the features of an entity, each a bit of the mask that an event carries."""

from collections.abc import Iterable
from typing import NamedTuple

from schemas.declaration.declared_feature import DeclaredFeature
from schemas.declaration.feature_parser import FeatureError
from schemas.declaration.verb import Verb

MAX_CONDITIONS = 63
"""Different conditions of the features of an entity."""

_WITH_VALUE = {Verb.COUNT, Verb.LAST, Verb.SINCE_LAST}


class Condition(NamedTuple):
    """Conditions that hold together.

    Attributes
    ----------
    where, share : str or None
        In the language of rules.
    present : str or None
        Column that has a value.
    """

    where: str | None
    present: str | None = None
    share: str | None = None

    @property
    def name(self) -> str:
        """The condition in the layout of state."""
        parts = [part for part in (self.where, self.share) if part]
        if self.present:
            parts.append(f"has {self.present}")
        return " and ".join(f"({part})" for part in parts) or "all"


class Bits:
    """Bit of each condition of the features of an entity.

    Raises
    ------
    FeatureError
        There are more than MAX_CONDITIONS.
    """

    def __init__(self, features: Iterable[DeclaredFeature]) -> None:
        found: dict[Condition, None] = {}
        for feature in features:
            found[_condition_of(feature)] = None
            if feature.verb is Verb.SHARE:
                found[_share_of(feature)] = None
        if len(found) > MAX_CONDITIONS:
            raise FeatureError(
                f"[[features]]: expected at most {MAX_CONDITIONS} different conditions (where, share, columns with a "
                f"value) in the features of an entity, got {len(found)}. Use the same conditions in more features"
            )
        self.conditions = tuple(found)
        self._bits = {condition: bit for bit, condition in enumerate(found)}

    @property
    def names(self) -> list[str]:
        """Names of the conditions, by bit."""
        return [condition.name for condition in self.conditions]

    def of(self, feature: DeclaredFeature) -> int:
        """Return the bit of the events that a feature sees."""
        return self._bits[_condition_of(feature)]

    def share(self, feature: DeclaredFeature) -> int:
        """Return the bit of the events that a share counts, of those that it sees."""
        return self._bits[_share_of(feature)]


def _condition_of(feature: DeclaredFeature) -> Condition:
    return Condition(feature.where, feature.column if feature.verb in _WITH_VALUE else None)


def _share_of(feature: DeclaredFeature) -> Condition:
    return Condition(feature.where, share=feature.share)
