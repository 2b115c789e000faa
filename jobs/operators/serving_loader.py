from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Thread

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
    """

    deployment: Deployment | None
    serving: Serving | None = None
    refusal: str = ""


class ServingLoader:
    """Loads deployments in threads of their own, each once for all shards of a subtask.

    A model takes some tens of milliseconds, and as long as it likes where its folder is on a network: meanwhile
    the former models score. The threads are daemons, since nothing can end one that waits for a folder.

    Parameters
    ----------
    codec : RecordCodec
        Of the control topic.
    load : callable of Deployment to Serving
        Whatever it raises refuses the deployment.
    """

    def __init__(self, codec: RecordCodec, load: Callable[[Deployment], Serving]) -> None:
        self._codec = codec
        self._load = load
        self._last: dict[bytes, Future[Outcome]] = {}

    def order(self, payload: bytes) -> Future[Outcome]:
        """Begin to load what a control record tells, unless one of the last two orders was of the same."""
        outcome = self._last.pop(payload, None)
        if outcome is None:
            outcome = Future()
            Thread(target=self._load_into, args=(outcome, payload), name="model-loader", daemon=True).start()
        # A restored shard orders what it serves and what it is to serve, and so does the next one.
        self._last = dict([*self._last.items()][-1:])
        self._last[payload] = outcome
        return outcome

    def encode(self, deployment: Deployment) -> bytes:
        """Return a deployment as `order` takes it."""
        return self._codec.encode(deployment.to_record())

    def _load_into(self, outcome: Future[Outcome], payload: bytes) -> None:
        outcome.set_result(self._outcome(payload))

    def _outcome(self, payload: bytes) -> Outcome:
        try:
            deployment = Deployment.from_record(self._codec.decode(payload))
        except (UndecodableError, UnknownSchemaError, DeploymentError) as error:
            return Outcome(deployment=None, refusal=str(error))
        except Exception as error:
            # Whoever waits for the outcome would wait for ever.
            return Outcome(deployment=None, refusal=repr(error))
        try:
            return Outcome(deployment=deployment, serving=self._load(deployment))
        except Exception as error:
            # Whatever is wrong with a model, the job goes on with the former: that is the point of refusing.
            return Outcome(deployment=deployment, refusal=str(error) or repr(error))
