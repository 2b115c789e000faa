"""Job graph: sources of micro-batches, stages from these to records for topics, sinks.

Each part is an argument: another source, stage or sink is another function.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from pyflink.common import TypeInformation, Types
from pyflink.datastream import DataStream, KeyedStream, OutputTag
from pyflink.java_gateway import get_gateway
from pyflink.table import StreamTableEnvironment

from jobs import operator_uids as uids
from jobs import record_types as types
from jobs.job_config import JobConfig
from jobs.operators.advance_entities import AdvanceEntities
from jobs.operators.decode_batch import EVENTS, DecodeBatch
from jobs.operators.detect_drift import DetectDrift
from jobs.operators.score_batch import ScoreBatch
from jobs.operators.shard import OBSERVATIONS
from jobs.sinks import Sink
from jobs.sources import Source, batch_sources

Stage = Callable[[DataStream], DataStream]
"""Adds a step to the job graph: from the stream of the step before, the first from SHARDED_BATCHes, to the next."""


def build(
    tables: StreamTableEnvironment, sources: Sequence[Source], stages: Sequence[Stage], sinks: Sequence[Sink]
) -> None:
    """Build the job graph in the environment of `tables`.

    Parameters
    ----------
    sources : sequence of Source
        Streams of SHARDED_BATCH, which are united.
    stages : sequence of Stage
        Steps one after the other; the last gives TOPIC_BATCHes.
    sinks : sequence of Sink
        Each receives all TOPIC_BATCHes.
    """
    stream = united(source(tables) for source in sources)
    for stage in stages:
        stream = stage(stream)
    for sink in sinks:
        sink(tables, stream)


def scoring_sources(config: JobConfig, tables: Mapping[str, str]) -> list[Source]:
    """Return the sources of the scoring job over tables of raw records, see `jobs.sources.batch_sources`."""
    sources = batch_sources(config, tables)
    decoded = {uids.TRANSACTIONS, uids.QUERIES, uids.LABELS}
    with_entities = [source for name, source in sources.items() if name in decoded]
    others = [source for source in sources.values() if source not in with_entities]
    return [partial(with_entity_features, config, with_entities), *others]


def with_entity_features(config: JobConfig, sources: Sequence[Source], tables: StreamTableEnvironment) -> DataStream:
    """Decode transactions, queries and labels, and advance their merchants and devices: a Source made of others.

    A batch of transactions goes to the shard of its customers, decoded, and a blob of events to each shard of its
    entities, whose replies follow it: scatter and gather, so that a transaction is scored with what all customers did
    there. Labels go to the shards of their customers and of their entities.
    """
    batches = united(source(tables) for source in sources)
    keyed = key_by_first(batches, types.SHARD, types.MICRO_BATCH)
    decoded = keyed.process(DecodeBatch(config), types.SHARDED_BATCH).name("Decode micro-batch")
    _complete(decoded, uids.DECODE_BATCH, config)
    events = key_by_first(side_output(decoded, EVENTS), types.SHARD, types.MICRO_BATCH)
    replies = events.process(AdvanceEntities(config), types.SHARDED_BATCH).name("Advance entities")
    _complete(replies, uids.ADVANCE_ENTITIES, config)
    return decoded.union(replies)


def united(streams: Iterable[DataStream]) -> DataStream:
    """Return the union of one or more streams."""
    first, *others = streams
    return first.union(*others) if others else first


def scoring_stages(config: JobConfig) -> list[Stage]:
    """Return the steps of the scoring job: scores and alerts, then drift of what was scored."""
    return [partial(score, config), partial(detect_drift, config)]


def score(config: JobConfig, batches: DataStream) -> DataStream:
    """Score decoded batches: TOPIC_BATCHes, with SIGNAL_OBSERVATIONs as the side output OBSERVATIONS."""
    keyed = key_by_first(batches, types.SHARD, types.MICRO_BATCH)
    scored = keyed.process(ScoreBatch(config), types.TOPIC_BATCH).name("Score micro-batch")
    _complete(scored, uids.SCORE_BATCH, config)
    return scored


def detect_drift(config: JobConfig, scored: DataStream) -> DataStream:
    """Watch the OBSERVATIONS of what was scored: its TOPIC_BATCHes and those of drift events."""
    keyed = key_by_first(side_output(scored, OBSERVATIONS), types.SIGNAL, types.OBSERVATION)
    drift = keyed.process(DetectDrift(config), types.TOPIC_BATCH).name("Detect drift")
    _complete(drift, uids.DETECT_DRIFT, config)
    return scored.union(drift)


def _complete(batches: DataStream, uid: str, config: JobConfig) -> None:
    """Name the operator that emits a stream of batches, and make it send each on at once.

    Otherwise a batch waits for `buffer_timeout_ms`, which collects small records, and a thread wakes up each time.
    """
    operator = batches._j_data_stream.getTransformation()
    operator.setBufferTimeout(0)
    uids.name_operator(operator, uid, config)


# The two functions below are DataStream.key_by and get_side_output without the Python map that PyFlink adds to each.
# A map is a second interpreter in the operator's thread: all that is keyed would cross into Python and back, and
# onnxruntime, imported where a thread has two interpreters, waits forever for the lock that the other one holds.


def key_by_first(pairs: DataStream, key: TypeInformation, value: TypeInformation) -> KeyedStream:
    """Key a stream of (key, value) rows by their first field; the keyed stream has the values alone."""
    selector = get_gateway().jvm.KeyByKeySelector()
    keyed = pairs._j_data_stream.keyBy(selector, Types.ROW([key]).get_java_type_info())
    return KeyedStream(keyed, value, pairs)


def side_output(stream: DataStream, tag: OutputTag) -> DataStream:
    """Return what `stream`'s operator emits under `tag`."""
    return DataStream(stream._j_data_stream.getSideOutput(tag.get_java_output_tag()))
