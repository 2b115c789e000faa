"""Counters of the entity operator."""

from pyflink.datastream import RuntimeContext

from jobs.operators.counts import GROUP
from jobs.operators.entity_figures import EntityFigures


class EntityCounts:
    """Flink counters of `EntityFigures`, updated once a batch; those of `held` and `log_entries` may fall.

    Gauges would be read by a thread of the JVM while Python is at work.
    """

    def __init__(self, context: RuntimeContext) -> None:
        group = context.get_metrics_group().add_group(GROUP)
        self._counters = [group.counter(f"entities_{name}") for name in EntityFigures._fields]
        self._counted: dict[int, EntityFigures] = {}

    def update(self, shard: int, figures: EntityFigures) -> None:
        """Count what changed in a shard."""
        before = self._counted.get(shard, EntityFigures(0, 0, 0, 0, 0))
        for counter, now, then in zip(self._counters, figures, before, strict=True):
            if now != then:
                counter.inc(now - then)
        self._counted[shard] = figures
