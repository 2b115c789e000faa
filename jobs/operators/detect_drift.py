from collections.abc import Iterator
from typing import Any

from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import MapStateDescriptor

from jobs.job_config import JobConfig
from jobs.operators.map_state import put_all
from models.drift.signal_observation import SignalObservation
from models.drift.watch import SignalWatch
from schemas.avro_schemas import DRIFT
from schemas.codec import RecordCodec
from schemas.registry import open_registry, value_subject
from schemas.wall_clock import now_ms


class DetectDrift(KeyedProcessFunction):
    """Runs the detectors on the observations of one signal; keyed by signal, so each is watched globally.

    State: `detectors`, map of detector name to versioned bytes, one for each signal. It lives as long as the job.
    Observations of different shards come in no fixed order; the detectors do not need one.
    """

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, runtime_context: RuntimeContext) -> None:
        """Open the state, and the codec of what was found."""
        config = self._config
        registry = open_registry(config.registry)
        self._codec = RecordCodec(DRIFT, value_subject(config.topics.drift), registry)
        self._states = runtime_context.get_map_state(
            MapStateDescriptor("detectors", Types.STRING(), Types.PICKLED_BYTE_ARRAY())
        )
        # A cache: this operator is the only writer of its signals' state.
        self._watches: dict[str, SignalWatch] = {}

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        """Take in one OBSERVATION; emit a TOPIC_BATCH of the drift events that it caused."""
        signal = ctx.get_current_key()
        watch = self._watches.get(signal)
        if watch is None:
            watch = SignalWatch(signal, dict(self._states.items()))
            self._watches[signal] = watch
        events = watch.update(SignalObservation.from_json(value), now_ms())
        put_all(self._states, watch.state(), self._config.mode)
        if events:
            payloads = [self._codec.encode(event) for event in events]
            yield Row(self._config.topics.drift, [signal] * len(events), payloads)
        yield from ()
