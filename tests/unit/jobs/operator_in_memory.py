"""The scoring operator without Flink: keyed state and counters in memory."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pyflink.common import Row

from jobs.job_config import JobConfig
from jobs.operators.advance_entities import AdvanceEntities
from jobs.operators.decode_batch import EVENTS, DecodeBatch
from jobs.operators.score_batch import ScoreBatch
from jobs.operators.shard import OBSERVATIONS
from jobs.operators.shard_state import BUCKETS
from jobs.record_types import LABELS, QUERIES, STAMP_SHIFT, TRANSACTIONS
from schemas import avro_schemas
from schemas.codec import RecordCodec
from schemas.registry import FileRegistry
from tests.unit.jobs.job_configs import job_config

CODECS = {
    "fraud.scores.v1": avro_schemas.SCORE,
    "fraud.alerts.v1": avro_schemas.ALERT,
    "fraud.dlq.v1": avro_schemas.DEAD_LETTER,
    "fraud.model-events.v1": avro_schemas.MODEL_EVENT,
    "fraud.shadow.v1": avro_schemas.SHADOW,
    "fraud.features.v1": avro_schemas.FEATURE_ANSWER,
}


PARTS = [f"histories_{part}" for part in range(BUCKETS)]


class MapState:
    """Map state by key."""

    def __init__(self, context: "Context") -> None:
        self._context, self.maps = context, defaultdict[int, dict[Any, bytes]](dict)

    @property
    def _map(self) -> dict[Any, bytes]:
        return self.maps[self._context.key]

    def get(self, key: Any) -> bytes | None:
        return self._map.get(key)

    def items(self) -> list[tuple[Any, bytes]]:
        return list(self._map.items())

    def put(self, key: Any, value: bytes) -> None:
        self._map[key] = value

    def put_all(self, entries: dict[Any, bytes]) -> None:
        self._map.update(entries)

    def contains(self, key: Any) -> bool:
        return key in self._map

    def remove(self, key: Any) -> None:
        self._map.pop(key, None)

    def keys(self) -> list[Any]:
        return list(self._map)

    def clear(self) -> None:
        self._map.clear()


class ValueState:
    """Value state by key."""

    def __init__(self, context: "Context") -> None:
        self._context, self.values = context, dict[int, bytes]()

    def value(self) -> bytes | None:
        return self.values.get(self._context.key)

    def update(self, value: bytes) -> None:
        self.values[self._context.key] = value

    def clear(self) -> None:
        self.values.pop(self._context.key, None)


class Context:
    """Flink context of an operator: state of the current key, counters, timers that never fire.

    Attributes
    ----------
    entities : Context or None
        Of the entity operator before it.
    """

    entities: "Context | None" = None

    def __init__(self) -> None:
        self.key = 0
        self._keyed_state_backend = SimpleNamespace(set_current_key=self._set_current_key)
        self.states: dict[str, Any] = {}
        self.counts = Counter[str]()

    def get_map_state(self, descriptor: Any) -> MapState:
        return self.states.setdefault(descriptor.name, MapState(self))

    def get_state(self, descriptor: Any) -> ValueState:
        return self.states.setdefault(descriptor.name, ValueState(self))

    def get_metrics_group(self) -> "Context":
        return self

    def add_group(self, *_names: str) -> "Context":
        return self

    def counter(self, name: str) -> Any:
        return SimpleNamespace(inc=lambda count: self.counts.update({name: count}))

    def get_current_key(self) -> int:
        return self.key

    def _set_current_key(self, key: Row) -> None:
        (self.key,) = key

    def timer_service(self) -> Any:
        return SimpleNamespace(register_processing_time_timer=lambda _at_ms: None)

    def stored(self) -> dict[str, Any]:
        """Return all stored state, for comparisons; the histories without the numbers of log entries, as one map."""
        found = {
            name: {key: dict(found) for key, found in state.maps.items() if found}
            if isinstance(state, MapState)
            else dict(state.values)
            for name, state in self.states.items()
        }
        if PARTS[0] in found:
            histories = found["histories"]
            for key, customer, raw in (
                (key, *item) for part in PARTS for key, maps in found.pop(part).items() for item in maps.items()
            ):
                histories.setdefault(key, {})[customer] = raw[:-8]
        return found


class OperatorInMemory:
    """An opened scoring operator and everything it emitted.

    Parameters
    ----------
    folder : Path
        Folder of the model.
    context : Context, optional
        Context of an earlier operator, from which this one is restored.
    changes
        Changed settings of the job.
    """

    def __init__(self, folder: Path, context: Context | None = None, **changes: Any) -> None:
        self.context = context or Context()
        config: JobConfig = job_config(model=str(folder), **changes)
        self.operator = ScoreBatch(config)
        self.operator.open(self.context)  # type: ignore[arg-type]
        self._decoding, self._entities = DecodeBatch(config), AdvanceEntities(config)
        self.context.entities = self.context.entities or Context()
        self._decoding_context = Context()
        self._decoding.open(self._decoding_context)  # type: ignore[arg-type]
        self._entities.open(self.context.entities)  # type: ignore[arg-type]
        self.emitted: list[tuple[str, str | None, bytes]] = []
        self.observations: list[Any] = []
        self.sent = 0

    def send(self, kind: int, records: Sequence[tuple[str | None, bytes]], *, shard: int, time_ms: int) -> None:
        """Process a micro-batch of one shard."""
        self.context.key = shard
        keys, payloads = [key for key, _ in records], [payload for _, payload in records]
        positions = [self.sent + number for number in range(len(records))]
        self.sent += len(records)
        stamps = [(time_ms // 1000 << STAMP_SHIFT) + shard] * len(records)
        self.process((kind, keys, payloads, positions, stamps))

    def process(self, value: Any) -> None:
        """Give the operator a MICRO_BATCH as it is, decoded first and with the replies of its entities."""
        if value[0] not in {TRANSACTIONS, QUERIES, LABELS}:
            self._keep(self.operator.process_element(value, self.context))  # type: ignore[arg-type]
            return
        for sharded in self.with_entities(value):
            self.context.key, batch = sharded
            self._keep(self.operator.process_element(batch, self.context))  # type: ignore[arg-type]

    def with_entities(self, value: Any) -> list[Any]:
        """Return the SHARDED_BATCHes that a MICRO_BATCH of TRANSACTIONS, QUERIES or LABELS becomes for the scorer."""
        self._decoding_context.key, entities = self.context.key, self.context.entities
        emitted = list(self._decoding.process_element(value, self._decoding_context))  # type: ignore[arg-type]
        found = [item for item in emitted if not (isinstance(item, tuple) and item[0] is EVENTS)]
        assert entities is not None
        for shard, events in (item[1] for item in emitted if isinstance(item, tuple) and item[0] is EVENTS):
            entities.key = shard
            found += self._entities.process_element(events, entities)  # type: ignore[arg-type]
        return found

    def wake(self, *, shard: int) -> None:
        """Fire a timer of a shard."""
        self.context.key = shard
        self._keep(self.operator.on_timer(0, self.context))  # type: ignore[arg-type]

    def _keep(self, emitted: Iterator[Any]) -> None:
        for found in emitted:
            if isinstance(found, tuple) and found[0] is OBSERVATIONS:
                self.observations.append(found[1])
            else:
                topic, keys, payloads = found
                self.emitted += [(topic, key, payload) for key, payload in zip(keys, payloads, strict=True)]

    def stored(self) -> dict[str, Any]:
        """Write all histories, and return the stored state that does not depend on batches."""
        for key, shard in self.operator._shards.items():
            self.context.key = key
            shard._scorer._writing.write_all()
        return {name: found for name, found in self.context.stored().items() if "history" not in name}

    def of(self, topic: str) -> list[dict[str, Any]]:
        """Return the records for a topic."""
        codec = RecordCodec(CODECS[topic], "", FileRegistry())
        return [codec.decode(payload) for name, _, payload in self.emitted if name == topic]

    @property
    def scores(self) -> dict[str, float]:
        return {item["transaction_id"]: item["score"] for item in self.of("fraud.scores.v1")}

    @property
    def letters(self) -> list[dict[str, Any]]:
        return self.of("fraud.dlq.v1")


def batches(records: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Cut records into batches."""
    for first in range(0, len(records), size):
        yield records[first : first + size]
