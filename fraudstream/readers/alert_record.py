"""Lookup of an alert by its id, with the inference record of its decision."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fraudstream.kafka.broker import Broker
from fraudstream.kafka.clocks import CLOCKS_APART_MS
from fraudstream.kafka.record_reader import read_records
from fraudstream.system.failures import NotReady
from models.features.former_names import by_present_name
from models.features.table import FEATURE_NAMES, TABLE_WIDTHS, spec_hash
from models.scoring.artifact import Manifest
from schemas.errors import UserError


@dataclass(frozen=True, kw_only=True)
class AlertRecord:
    """Alert with the inference record of the same decision.

    Parameters
    ----------
    alert : dict
        As in `schemas/avro/alert.avsc`: the first with its id, which was scored on the features that it names.
    repeats : int
        Number of further records: of a duplicate transaction, or after a restart.
    logged : dict or None
        As in `schemas/avro/inference.avsc`; None where the transaction was not among the share that is logged.
    """

    alert: dict[str, Any]
    repeats: int
    logged: dict[str, Any] | None

    def features_of(self, manifest: Manifest | None = None) -> NDArray[np.float32]:
        """Return the features that the model scored, (F,): the columns of its table.

        Parameters
        ----------
        manifest : Manifest, optional
            Manifest of the alert's model, which has the names of declared columns.

        Raises
        ------
        UserError
            It saw features that this version does not compute.
        """
        table = self.alert["feature_spec_hash"]
        own = manifest.feature_names if manifest is not None and manifest.feature_spec_hash == table else None
        if table not in TABLE_WIDTHS and own is None:
            raise UserError(
                f"expected an alert on the features {spec_hash()}, got {table}: explain it with the version of "
                "fraudstream that made it, and name its model with --model"
            )
        names = FEATURE_NAMES[: TABLE_WIDTHS[table]] if table in TABLE_WIDTHS else own or ()
        values = by_present_name(self.alert["features"])
        lacking = [name for name in names if name not in values]
        if lacking:
            raise UserError(
                f"expected an alert with all features, got one without {len(lacking)} of them ({lacking[0]}). It is "
                "none of the job's: see what else writes to the topic"
            )
        return np.array([values[name] for name in names], np.float32)

    @property
    def rules(self) -> list[dict[str, Any]]:
        """Reasons that come from rules."""
        return [reason for reason in self.alert["reasons"] if reason["code"].startswith("rule:")]

    @property
    def logged_the_same(self) -> bool:
        """Whether the inference topic, if it has the decision, has the alert's score and features, bit for bit."""
        if self.logged is None:
            return True
        features = by_present_name(self.alert["features"])
        own = [name for name in features if name not in FEATURE_NAMES]  # in the sequence of the model's
        names = [*(name for name in FEATURE_NAMES if name in features), *own]
        written = np.array([features[name] for name in names], np.float32)
        same_features = np.array_equal(np.array(self.logged["features"], np.float32), written, equal_nan=True)
        return bool(self.logged["score"] == self.alert["score"]) and same_features


def find_alert(broker: Broker, alert_id: str) -> AlertRecord:
    """Find an alert by its id.

    Raises
    ------
    NotReady
        The topic has none of that id, or not any more.
    """
    found = list(_having(broker, broker.topics.alerts, "alert_id", alert_id))
    if not found:
        raise NotReady(
            f"expected an alert {alert_id} in {broker.topics.alerts}, got none: see `fraudstream alerts tail "
            "--from-start --json` for the ids, and the topic's retention for how long it has them"
        )
    # A customer's alerts lie in one partition, so the first is the oldest.
    alert = found[0]
    since_ms = int(alert["scored_at"].timestamp() * 1000) - CLOCKS_APART_MS
    transaction = alert["transaction_id"]
    logged = _having(broker, broker.topics.inference, "transaction_id", transaction, since_ms)
    # After a restart a transaction may be logged again, scored with other labels; another customer's may have its id.
    same = (
        record
        for record in logged
        if (record["customer_id"], record["scored_at"]) == (alert["customer_id"], alert["scored_at"])
    )
    return AlertRecord(alert=alert, repeats=len(found) - 1, logged=next(same, None))


def _having(
    broker: Broker, topic: str, field: str, value: str, since_ms: int | None = None
) -> Iterator[dict[str, Any]]:
    """Read the records whose field, a string, has a value; those without its bytes are not decoded."""
    wanted = value.encode()
    found: Iterator[tuple[Any, dict[str, Any]]] = read_records(
        broker, topic, since_ms=since_ms, accepts=lambda message: wanted in (message.value() or b"")
    )
    return (record for _, record in found if record[field] == value)
