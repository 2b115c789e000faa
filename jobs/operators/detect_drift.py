"""The drift operator."""

from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

from pyflink.common import Row, Types
from pyflink.datastream import KeyedProcessFunction, RuntimeContext
from pyflink.datastream.state import MapStateDescriptor

from jobs.job_config import JobConfig
from jobs.operators.map_state import put_all
from jobs.operators.releasing_operator import ReleasingOperator
from jobs.operators.state_routes import Route, Routes, StateRoute
from models.drift.part_merger import PartMerger
from models.drift.signal_part import SignalPart
from models.drift.watch import SignalWatch
from schemas.avro_schemas import DRIFT
from schemas.codec import RecordCodec
from schemas.open_registry import open_registry
from schemas.registry import value_subject
from schemas.wall_clock import now_ms

PART = "part"
"""Key of the unfinished observation in the state; the other keys are the detectors' names."""


DRIFT_ROUTES: Routes = MappingProxyType({"detectors": StateRoute(Route.SIGNAL)})
"""Routes of the handles of `DriftState`."""


class DriftState:
    """Keyed state of the drift operator, which lives as long as the job.

    Attributes
    ----------
    detectors : MapState of detector name to versioned bytes
        Of the current signal, with the unfinished observation as one more entry.
    """

    def __init__(self, context: RuntimeContext) -> None:
        self.detectors = context.get_map_state(
            MapStateDescriptor("detectors", Types.STRING(), Types.PICKLED_BYTE_ARRAY())
        )


class DetectDrift(ReleasingOperator):
    """Drift detectors of each signal; keyed by signal, so that each is watched globally.

    Parts of different shards arrive in no fixed order; the detectors need none. For what is stored see DriftState.
    """

    def __init__(self, config: JobConfig) -> None:
        self._config = config

    def open(self, runtime_context: RuntimeContext) -> None:
        """Open the state and the codec of drift events."""
        super().open(runtime_context)
        config = self._config
        registry = open_registry(config.registry)
        self._codec = RecordCodec(DRIFT, value_subject(config.topics.drift), registry)
        self._states = DriftState(runtime_context).detectors
        # A cache: this operator is the only writer of its signals' state.
        self._watches: dict[str, tuple[PartMerger, SignalWatch]] = {}

    def process_element(self, value: Any, ctx: KeyedProcessFunction.Context) -> Iterator[Row]:
        """Process one OBSERVATION; emit a TOPIC_BATCH of the drift events that it caused."""
        signal = ctx.get_current_key()
        if signal not in self._watches:
            state = dict(self._states.items())
            self._watches[signal] = PartMerger(state.get(PART)), SignalWatch(signal, state)
        merger, watch = self._watches[signal]
        complete = merger.update(SignalPart.from_json(value))
        state = {PART: merger.to_bytes()}
        events: list[dict[str, Any]] = []
        if complete is not None:
            events = watch.update(complete.observation(), now_ms())
            state |= watch.state()
        put_all(self._states, state, self._config.mode)
        if events:
            payloads = [self._codec.encode(event) for event in events]
            yield Row(self._config.topics.drift, [signal] * len(events), payloads)
        yield from ()
