"""Scores of a stream by the reference implementation."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.baselines.naive_features import Event, NaiveEngine
from models.scoring.artifact import Artifact
from models.scoring.model import OnnxModel
from schemas.currency import exponent_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def naive_scores(
    transactions: Iterable[Mapping[str, Any]],
    artifact: Artifact,
    *,
    progress: Callable[[int], None] = lambda _done: None,
    engine: NaiveEngine | None = None,
) -> NDArray[np.float32]:
    """Score transactions by the naive engine and the artifact's ONNX, which share no code with the job's kernels.

    Parameters
    ----------
    transactions : iterable of n mappings
        With the columns of `TRANSACTION_ARROW`, in the order of arrival; of each customer all there are.
    artifact : Artifact
        Trained on the features of customers alone.
    progress : callable of int, optional
        Called with the number done.
    engine : NaiveEngine, optional
        What has gone before; None: nothing.

    Returns
    -------
    ndarray of float32, (n,)
    """
    engine = engine or NaiveEngine()
    x = []
    for transaction in transactions:
        x.append(engine.advance(naive_event(transaction, artifact)))
        progress(len(x))
    return OnnxModel(artifact.onnx).score(np.array(x, np.float32).reshape(len(x), -1))


def naive_event(transaction: Mapping[str, Any], artifact: Artifact) -> Event:
    """Return a transaction as the naive engine reads it, with the fraud rates of an artifact."""
    categories, types = artifact.category_risk, artifact.type_risk
    units = 10.0 ** exponent_of(transaction["currency"])
    latitude, longitude = transaction["latitude"], transaction["longitude"]
    return Event(
        transaction_id=transaction["transaction_id"],
        customer_id=transaction["customer_id"],
        merchant_id=transaction["merchant_id"],
        event_time_ms=(transaction["event_time"] - _EPOCH) // timedelta(milliseconds=1),
        amount=float(np.float32(transaction["amount_minor"] / units)),
        device_id=transaction["device_id"],
        location=None if _absent(latitude) or _absent(longitude) else (_float32(latitude), _float32(longitude)),
        category_risk=categories.rates.get(transaction["merchant_category"], categories.prior),
        type_risk=types.rates.get(transaction["transaction_type"], types.prior),
        minor_units=units,
    )


def _absent(value: float | None) -> bool:
    return value is None or math.isnan(value)


def _float32(value: float) -> float:
    return float(np.float32(value))
