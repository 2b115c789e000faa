"""Export and import of the operators' state without Flink."""

from pathlib import Path
from typing import Any

from jobs.job_config import JobConfig
from jobs.operators.export_state import MARKER_OFFSETS, ExportEntities, ExportShards
from jobs.operators.import_state import ImportEntities, ImportShards
from jobs.record_types import LABELS, LIST_ENTRIES, TRANSACTIONS
from jobs.shards import SHARD_KEYS
from jobs.state_files import CUSTOMERS, ENTITIES, state_files
from tests.unit.jobs.job_configs import job_config
from tests.unit.jobs.operator_in_memory import Context


def micro_batch(kind: int, positions: list[int]) -> Any:
    count = len(positions)
    return kind, [""] * count, [b""] * count, positions, [0] * count


def markers() -> list[Any]:
    """Return a batch of each source that says that no open micro-batch is left."""
    return [micro_batch(kind, [offset]) for kind in (TRANSACTIONS, LABELS, LIST_ENTRIES) for offset in MARKER_OFFSETS]


def process(operator: Any, context: Context, key: int, batches: list[Any]) -> None:
    context.key = key
    for batch in batches:
        assert list(operator.process_element(batch, context)) == []


def export(
    context: Context, folder: Path, shards: int, before: dict[int, list[Any]] | None = None, **changes: Any
) -> JobConfig:
    """Write the state of an operator in memory, with batches that come before the markers by shard."""
    config = job_config(shards=shards, **changes)
    operator, entities = ExportShards(config, str(folder)), ExportEntities(config, str(folder))
    operator.open(context)  # type: ignore[arg-type]
    for key in SHARD_KEYS[shards]:
        process(operator, context, key, [*(before or {}).get(key, []), *markers()])
    assert context.entities is not None
    entities.open(context.entities)  # type: ignore[arg-type]
    for key in SHARD_KEYS[config.entity_shards]:
        process(entities, context.entities, key, markers()[:1])
    return config


def imported(folder: Path, shards: int, **changes: Any) -> Context:
    """Return the contexts of an operator in memory with the state of files."""
    config, context = job_config(shards=shards, **changes), Context()
    context.entities = Context()
    operator = ImportShards(config, str(folder), len(state_files(folder, CUSTOMERS)))
    operator.open(context)  # type: ignore[arg-type]
    for key in SHARD_KEYS[shards]:
        process(operator, context, key, markers()[:2])
    entities = ImportEntities(config, str(folder), len(state_files(folder, ENTITIES)))
    entities.open(context.entities)  # type: ignore[arg-type]
    for key in SHARD_KEYS[config.entity_shards]:
        process(entities, context.entities, key, markers()[:2])
    return context
