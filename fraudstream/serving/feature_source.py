"""Features of transactions from the job's own state, over the scoring API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import numpy as np
import urllib3
from numpy.typing import NDArray

from fraudstream.api.transaction import Transaction
from fraudstream.serving.instance import InstanceError
from fraudstream.settings.api_settings import ApiSettings
from fraudstream.settings.serving_settings import ServingSettings
from fraudstream.system.failures import RuntimeFailure
from models.features.table import FEATURE_NAMES, TABLE_WIDTHS

QUERY_FIELDS = (
    "merchant_id", "merchant_category", "transaction_type", "amount_minor", "currency", "device_id",
    "latitude", "longitude",
)  # fmt: skip
"""Fields of a transaction that `GET /v1/customers/{id}/features` accepts."""

MAX_ANSWER_BYTES = 1_000_000
MAX_DEADLINE_MS = ApiSettings().max_deadline_ms
"""Longest deadline that the API accepts, unless it is configured otherwise."""
SPARE_S = 0.5
"""Time for the answer's way: the job's own deadline is that much shorter than ours."""

Found = NDArray[np.float32] | InstanceError | RuntimeFailure


class FeatureSourceError(RuntimeFailure):
    """The online store gave no features: the same request may succeed later."""


class FeatureSource(Protocol):
    """Online store of features."""

    def find(self, transactions: Sequence[Transaction], width: int) -> list[Found]:
        """Return the features of each transaction, (F,), or the failure to get them.

        Parameters
        ----------
        width : int
            Minimum number of features.
        """


class NoFeatureSource:
    """Absence of an online store: each transaction must come with its features."""

    def find(self, transactions: Sequence[Transaction], width: int) -> list[Found]:  # noqa: ARG002
        """Return the same failure for each."""
        expected = "features, since serving.features_url names no scoring API to ask"
        return [InstanceError("/features", expected, "nothing") for _ in transactions]


class ApiFeatureSource:
    """Features of the job's keyed state, asked of `fraudstream api`.

    Parameters
    ----------
    settings
        With `features_url`.
    """

    def __init__(self, settings: ServingSettings) -> None:
        token = settings.read_features_token()
        self._url = (settings.features_url or "").rstrip("/")
        self._timeout_s = settings.features_timeout_s
        deadline_ms = max(1, round(1_000 * (self._timeout_s - min(SPARE_S, self._timeout_s / 4))))
        deadline_ms = min(deadline_ms, MAX_DEADLINE_MS)
        self._headers = {
            "X-Deadline-Ms": str(deadline_ms),
            **({"Authorization": f"Bearer {token}"} if token else {}),
        }
        size = settings.features_connections
        self._http = urllib3.PoolManager(maxsize=size, block=True, retries=False)
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="features")

    def find(self, transactions: Sequence[Transaction], width: int) -> list[Found]:
        """See `FeatureSource.find`; the requests are sent at the same time."""
        return list(self._threads.map(lambda transaction: self._find(transaction, width), transactions))

    def _find(self, transaction: Transaction, width: int) -> Found:
        fields = dict(transaction)
        query = urlencode({name: fields[name] for name in QUERY_FIELDS if fields[name] is not None})
        url = f"{self._url}/v1/customers/{quote(fields['customer_id'], safe='')}/features?{query}"
        try:
            answer = self._http.request("GET", url, headers=self._headers, timeout=self._timeout_s, redirect=False)
            return _features(answer.status, answer.data, width)
        except FeatureSourceError as error:
            return error
        except (urllib3.exceptions.HTTPError, ValueError, KeyError, TypeError) as error:
            return _failure("an answer", f"{type(error).__name__}: {error}")


def _features(status: int, body: bytes, width: int) -> NDArray[np.float32]:
    if status != HTTPStatus.OK:
        raise _failure("status 200", f"{status}: {body[:200].decode(errors='replace')}")
    if len(body) > MAX_ANSWER_BYTES:
        raise _failure(f"at most {MAX_ANSWER_BYTES:,} bytes", f"{len(body):,}")
    answer: dict[str, Any] = json.loads(body)
    known = TABLE_WIDTHS.get(answer["feature_spec_hash"], 0)
    if known < width:
        raise _failure(f"{width} features of a table that this version knows", str(answer["feature_spec_hash"]))
    row = np.array([answer["features"][name] for name in FEATURE_NAMES[:width]], np.float32)
    if not np.isfinite(row).all():
        raise _failure("finite features", "others")
    return row


def _failure(expected: str, got: str) -> FeatureSourceError:
    return FeatureSourceError(
        f"features from the scoring API: expected {expected}, got {got}. Check serving.features_url, its token, and "
        "that the job runs"
    )


def feature_source(settings: ServingSettings) -> FeatureSource:
    """Return the online store that the settings name."""
    return ApiFeatureSource(settings) if settings.features_url else NoFeatureSource()
