"""Entities of one shard, with their declared features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.operators.declared_shard import DeclaredShard
from jobs.operators.declared_state import DeclaredState
from jobs.operators.entity_reply import Reply
from jobs.operators.entity_shard import EntityShard

if TYPE_CHECKING:
    from jobs.operators.entity_batch import EntityBatch
    from jobs.operators.entity_figures import EntityFigures
    from jobs.operators.entity_state import EntityState
    from models.declared.declared_features import DeclaredFeatures


class JointShard:
    """One shard of the entity operator.

    Attributes
    ----------
    entities : EntityShard

    Parameters
    ----------
    state : EntityState
        A DeclaredState where features are declared; with the shard's key current, now and at each call.
    capacity : int
        Merchants and devices held in memory, and as many entities with declared features.
    with_labels : bool
        Whether the job reads labels.
    declared : DeclaredFeatures or None
    """

    def __init__(
        self, state: EntityState, capacity: int, *, with_labels: bool = True, declared: DeclaredFeatures | None = None
    ) -> None:
        self.entities = EntityShard(state, capacity, with_labels=with_labels)
        self._declared = None
        if declared is not None and isinstance(state, DeclaredState):
            self._declared = DeclaredShard(state, declared, capacity)

    def advance(self, batch: EntityBatch) -> Reply:
        """Advance the entities by the events of a batch and store them; return their features."""
        declared = () if self._declared is None else self._declared.advance(batch.declared)
        return Reply(self.entities.advance(batch), declared)

    def describe(self, batch: EntityBatch) -> Reply:
        """Describe the events of a batch that are not added; nothing is stored."""
        declared = () if self._declared is None else self._declared.describe(batch.declared)
        return Reply(self.entities.describe(batch), declared)

    def write_all(self) -> None:
        """Write the records of all entities that changed, so that the logs are empty."""
        self.entities.write_all()
        if self._declared is not None:
            self._declared.write_all()

    @property
    def figures(self) -> EntityFigures:
        """Sizes of the shard, and what it did."""
        found = self.entities.figures
        return found if self._declared is None else found.plus(self._declared.figures)
