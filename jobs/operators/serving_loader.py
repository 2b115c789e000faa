"""Deployments, loaded in threads."""

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
    """Outcome of loading a deployment.

    Parameters
    ----------
    deployment : Deployment or None
        None where the record holds none.
    serving : Serving or None
        None where it is refused.
    refusal : str
        Reason of the refusal.
    late : bool
        Whether it still loads: refused for now, it may serve later.
    """

    deployment: Deployment | None
    serving: Serving | None = None
    refusal: str = ""
    late: bool = False


class ServingLoader:
    """Loader of deployments in threads of their own, each once for all shards of a subtask.

    Loading a model costs some tens of milliseconds, and any time where its folder is on a network. The former models
    score until then, and a shard that begins waits for a limited time, see `awaited`.

    Parameters
    ----------
    codec : RecordCodec
        Of the control topic.
    load : callable of Deployment to Serving
        Any error that it raises refuses the deployment.
    max_wait_s : float
        Longest wait of `awaited`, from the beginning of the load.
    """

    def __init__(
        self, codec: RecordCodec, load: Callable[[Deployment], Serving], max_wait_s: float = MAX_WAIT_S
    ) -> None:
        self._codec = codec
        self._load = load
        self._max_wait_s = max_wait_s
        self._last: dict[bytes, Loading[Outcome]] = {}
        self._loads = Loads[Outcome]()

    def request(self, payload: bytes) -> Future[Outcome]:
        """Begin to load the deployment of a control record, unless it is one of the last two requested."""
        return self._loading(payload).future

    def awaited(self, payload: bytes) -> Outcome:
        """Return the outcome, a late one where the models are not loaded by the deadline."""
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
        """Return a deployment as `request` accepts it."""
        return self._codec.encode(deployment.to_record())

    def _loading(self, payload: bytes) -> Loading[Outcome]:
        loading = self._last.pop(payload, None)
        if loading is None or loading.future.cancelled():
            loading = Loading(partial(self._outcome, payload), "model-loader", self._max_wait_s, self._loads)
        # A restored shard requests what it serves and what is pending, and the next one does the same.
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
            # Any error refuses the model: the job continues with the former one.
            return Outcome(deployment=read.deployment, refusal=str(error) or repr(error))

    def _read(self, payload: bytes) -> Outcome:
        try:
            return Outcome(deployment=Deployment.from_record(self._codec.decode(payload)))
        except (UndecodableError, UnknownSchemaError, DeploymentError) as error:
            return Outcome(deployment=None, refusal=str(error))
        except Exception as error:
            # A shard would wait for the outcome forever.
            return Outcome(deployment=None, refusal=repr(error))
