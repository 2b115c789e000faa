from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from jobs.operators.loading import MAX_WAIT_S, Loading, Loads
from jobs.operators.serving import Serving
from schemas.codec import RecordCodec, UndecodableError
from schemas.deployment import Deployment, DeploymentError
from schemas.registry import UnknownSchemaError


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What became of loading a deployment.

    Parameters
    ----------
    deployment : Deployment or None
        None where the record holds none.
    serving : Serving or None
        None: it is refused.
    refusal : str
        Why.
    late : bool
        It still loads: it is refused for now, and may serve later.
    """

    deployment: Deployment | None
    serving: Serving | None = None
    refusal: str = ""
    late: bool = False


class ServingLoader:
    """Loads deployments in threads of their own, each once for all shards of a subtask.

    A model takes some tens of milliseconds, and as long as it likes where its folder is on a network: meanwhile
    the former models score, and a shard that begins waits for a while alone, see `awaited`.

    Parameters
    ----------
    codec : RecordCodec
        Of the control topic.
    load : callable of Deployment to Serving
        Whatever it raises refuses the deployment.
    max_wait_s : float
        How long after a load's begin `awaited` waits for it.
    """

    def __init__(
        self, codec: RecordCodec, load: Callable[[Deployment], Serving], max_wait_s: float = MAX_WAIT_S
    ) -> None:
        self._codec = codec
        self._load = load
        self._max_wait_s = max_wait_s
        self._last: dict[bytes, Loading[Outcome]] = {}
        self._loads = Loads[Outcome]()

    def order(self, payload: bytes) -> Future[Outcome]:
        """Begin to load what a control record tells, unless one of the last two orders was of the same."""
        return self._loading(payload).future

    def awaited(self, payload: bytes) -> Outcome:
        """Return what became of an order, or a late outcome where its models are not loaded by the deadline."""
        loading = self._loading(payload)
        if loading.in_time():
            return loading.future.result()
        read = self._read(payload)
        if read.deployment is None:
            return read
        folders = sorted({served.location for served in (read.deployment.champion, *read.deployment.challengers)})
        refusal = (
            f"expected {', '.join(folders)} to be read within {self._max_wait_s:g} s, got no answer. "
            "Check the drive or network that it is on; the models serve once they are loaded"
        )
        return Outcome(deployment=read.deployment, refusal=refusal, late=True)

    def encode(self, deployment: Deployment) -> bytes:
        """Return a deployment as `order` takes it."""
        return self._codec.encode(deployment.to_record())

    def _loading(self, payload: bytes) -> Loading[Outcome]:
        loading = self._last.pop(payload, None)
        if loading is None or loading.future.cancelled():
            loading = Loading(partial(self._outcome, payload), "model-loader", self._max_wait_s, self._loads)
        # A restored shard orders what it serves and what it is to serve, and so does the next one.
        self._last = dict([*self._last.items()][-1:])
        self._last[payload] = loading
        return loading

    def _outcome(self, payload: bytes) -> Outcome:
        read = self._read(payload)
        if read.deployment is None:
            return read
        try:
            return Outcome(deployment=read.deployment, serving=self._load(read.deployment))
        except Exception as error:
            # Whatever is wrong with a model, the job goes on with the former: that is the point of refusing.
            return Outcome(deployment=read.deployment, refusal=str(error) or repr(error))

    def _read(self, payload: bytes) -> Outcome:
        try:
            return Outcome(deployment=Deployment.from_record(self._codec.decode(payload)))
        except (UndecodableError, UnknownSchemaError, DeploymentError) as error:
            return Outcome(deployment=None, refusal=str(error))
        except Exception as error:
            # A shard would wait for the outcome for ever.
            return Outcome(deployment=None, refusal=repr(error))
