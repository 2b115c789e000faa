"""The names under which Flink keeps each operator's state in a savepoint.

The table planner numbers the operators that it makes: a changed query would shift the numbers, and a savepoint would
no longer fit. Its uids are therefore off, and every operator is named here after its part of the job.
Flink refuses a job with an operator that has no name (`pipeline.auto-generate-uids`), and one with a name twice.

State is laid out by shard, and differently in the two modes. Both are part of the uids, so that Flink itself refuses
state of other shards or of the other mode, independent of the client: it finds no operator to give that state to.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from jobs.job_config import JobConfig
from jobs.operator_id import operator_id

DECODE_BATCH, ADVANCE_ENTITIES = "decode-batch", "advance-entities"
SCORE_BATCH, DETECT_DRIFT = "score-batch", "detect-drift"
TRANSACTIONS, LABELS, CONTROL, QUERIES, LISTS = "transactions", "labels", "control", "queries", "lists"
LABEL_LANES = "label-lanes"
"""The labels' part of the job. Earlier versions sent each label to every shard, by the part LABELS: with a new source
the entities learn all labels from the first on."""
OUTPUTS, STANDBY_OUTPUTS = "outputs", "standby-outputs"

TABLE_INPUTS: Mapping[str, str] = MappingProxyType({LISTS: CONTROL, LABEL_LANES: LABELS})
"""Names in `job_config.INPUTS` of the parts that are called otherwise."""

STATELESS = {"calc", "correlate", "sink-conversion", "data-stream-to-table", "constraint-enforcer"}
"""Operators that the planner creates as often as it needs them: numbered, and without state."""


FIRST: Mapping[str, int] = MappingProxyType({})
"""Generations of topics none of which was created again, see `JobConfig.generations`."""


def marked(uid: str, *, mode: str, shards: int, generations: Mapping[str, int] = FIRST) -> str:
    """Return an operator's uid together with what its state depends on: shards, mode, both, or the topic.

    An open micro-batch belongs to a shard and is kept by the JVM; the detectors' state is Python's and has no shards.
    A source whose topic was created again has another uid, so that it is given none of the former topic's offsets.
    """
    if uid in {ADVANCE_ENTITIES, SCORE_BATCH}:
        return f"{uid}-{mode}-{shards}"
    if uid == DETECT_DRIFT:
        return f"{uid}-{mode}"
    if uid.endswith("-source"):
        table = uid.removesuffix("-source")
        generation = generations.get(TABLE_INPUTS.get(table, table), 0)
        return f"{uid}-{generation}" if generation else uid
    return f"{uid}-{shards}" if uid.endswith("-window-aggregate") else uid


def stateful_uids(
    *, labels: bool, standby: bool, mode: str, shards: int, generations: Mapping[str, int] = FIRST
) -> set[str]:
    """Return the uids of a job's operators with state; of the sink's two, that of the writer."""
    outputs = STANDBY_OUTPUTS if standby else OUTPUTS
    sources = [TRANSACTIONS, QUERIES, LISTS, *([LABEL_LANES] if labels else [])]
    inputs = {f"{part}-{kind}" for part in sources for kind in ("source", "window-aggregate")}
    found = inputs | {f"{CONTROL}-source", ADVANCE_ENTITIES, SCORE_BATCH, DETECT_DRIFT, f"{outputs}-sink"}
    return {marked(uid, mode=mode, shards=shards, generations=generations) for uid in found}


def is_replaced(uid: str) -> bool:
    """Return whether an operator of earlier versions had the uid, whose state is left behind: other parts have it."""
    return re.fullmatch(rf"{LABELS}-(source|window-aggregate)(-\d+)?", uid) is not None


def source_uids(name: str, generation: int) -> list[str]:
    """Return the uids of the sources of an input, one of `job_config.INPUTS`, in a generation of its topic."""
    tables = [name, *(table for table, of in TABLE_INPUTS.items() if of == name)]
    return [f"{table}-source-{generation}" if generation else f"{table}-source" for table in tables]


def name_operator(transformation: Any, uid: str, config: JobConfig) -> None:
    """Give one operator its uid; state from before uids were marked is found under the plain one.

    Flink searches state under the hash that is set explicitly first, and writes new state under the uid's own.
    """
    plain = marked(uid, mode=config.mode, shards=config.shards)
    transformation.setUid(marked(uid, mode=config.mode, shards=config.shards, generations=config.generations))
    if config.unmarked_state and plain != uid:
        transformation.setUidHash(operator_id(uid))


def name_operators(transformations: Iterable[Any], part: str, config: JobConfig) -> None:
    """Give the operators of a part of the job their uids.

    Parameters
    ----------
    transformations : iterable of Java Transformation
        The ends of the part; all before them belong to it, up to operators that have a uid.
    part : str
        Beginning of the uids.
    """
    counts: dict[str, int] = {}
    for transformation in _unnamed(transformations, set()):
        kind = _kind(transformation)
        counts[kind] = counts.get(kind, 0) + 1
        uid = f"{part}-{kind}-{counts[kind]}" if kind in STATELESS else f"{part}-{kind}"
        name_operator(transformation, uid, config)


def _unnamed(transformations: Iterable[Any], seen: set[int]) -> Iterator[Any]:
    for transformation in transformations:
        if transformation.getUid() is None and transformation.getId() not in seen:
            seen.add(transformation.getId())
            yield from _unnamed(transformation.getInputs(), seen)
            yield transformation


def _kind(transformation: Any) -> str:
    """Turn `WindowAggregate[4]` into `window-aggregate`; sources and sinks bear the table's name, not their kind."""
    kind = str(transformation.getClass().getSimpleName()).removesuffix("Transformation")
    if kind not in {"Source", "Sink"}:
        kind = str(transformation.getName()).partition("[")[0]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind).lower()
