"""Random declarations of features, and random transactions to compute them on."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from models.declared.declared_columns import DeclaredColumns
from models.declared.declared_features import DeclaredFeatures
from models.features.hashing import transaction_hashes
from schemas.columns import TRANSACTION_ARROW
from schemas.declaration.core_columns import CORE_ENTITIES
from schemas.time_column import UTC_MS
from tests.records import transaction

KINDS = {"risk": "number", "declined": "flag", "ip": "text", "mcc": "category", "opened": "time"}
ENTITIES = {"ip": ("ip",), "ip_and_mcc": ("ip", "mcc")}
TYPES = {"number": pa.float64(), "flag": pa.bool_(), "text": pa.string(), "category": pa.string(), "time": UTC_MS}
SCHEMA = pa.schema([*TRANSACTION_ARROW, *(pa.field(name, TYPES[kind]) for name, kind in KINDS.items())])
NUMBERS = ("amount", "risk", "declined", "opened", "latitude")
VALUES = ("merchant_id", "device_id", "customer_id", "ip", "mcc", "amount", "risk")
CONDITIONS = (
    "declined", "not declined and amount < 20", "amount >= 5", 'mcc in ["a", "b"] or risk > 2', "missing(risk)",
    'ip != "v1"', "opened > 24", "not (amount < risk)", "risk / amount > 0.1", "latitude > 1000", 'currency == "EUR"',
)  # fmt: skip
WINDOWS = ("1m", "7m", "1h", "6h", "24h", "7d", "90d")
START = datetime(2026, 3, 2, tzinfo=UTC)
STEPS_S = (0, 0.001, 1, 30, 60, 700, 3_600, 86_400, 9 * 86_400, 91 * 86_400, -1, -60, -4_000, -90_000)


def random_tables(random: np.random.Generator) -> list[dict[str, Any]]:
    """Return the tables of some features."""
    tables: list[dict[str, Any]] = []
    for number in range(int(random.integers(1, 14))):
        verb, operand = _operand(random, [table["name"] for table in tables])
        table: dict[str, Any] = {"name": f"f{number}", verb: operand}
        if verb != "ratio":
            table["entity"] = str(random.choice([*CORE_ENTITIES, *ENTITIES]))
            if verb not in {"last", "since_last", "seen_before"} or random.random() < 0.7:
                table["window"] = str(random.choice(WINDOWS))
            if random.random() < 0.4:
                table["where"] = str(random.choice(CONDITIONS))
        tables.append(table)
    return tables


def _operand(random: np.random.Generator, names: list[str]) -> tuple[str, Any]:
    number, value = str(random.choice(NUMBERS)), str(random.choice(VALUES))
    verbs: dict[str, Any] = {
        **dict.fromkeys(("sum", "mean", "deviation", "min", "max", "last"), number),
        **dict.fromkeys(("count_distinct", "seen_before"), value),
        **dict.fromkeys(("count", "since_last"), random.choice([True, "*", number, value]).item()),
        "rate": random.choice([True, number]).item(),
        "share": str(random.choice(CONDITIONS)),
    }
    verbs = {verb: True if operand == "True" else operand for verb, operand in verbs.items()}
    if len(names) > 1:
        verbs["ratio"] = [str(name) for name in random.choice(names, 2)]
    verb = str(random.choice(list(verbs)))
    return verb, verbs[verb]


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Random transactions, as records and as plain rows with the hashes of their values."""

    records: pa.RecordBatch
    rows: list[dict[str, Any]]
    hashes: list[dict[str, int]]
    transactions: list[int]


def random_stream(random: np.random.Generator, declared: DeclaredFeatures) -> Stream:
    """Return transactions with nulls, late, of equal times and repeated, some at very busy entities."""
    weights = np.array([4, 4, 4, 4, 2, 1, 1, *(random.random(7) * 0.3)])
    size, people = int(random.choice([5, 60, 250])), int(random.choice([1, 3, 150]))
    now, rows = START, []
    for step in random.choice(STEPS_S, size, p=weights / weights.sum()).tolist():
        now += timedelta(seconds=step)
        if rows and random.random() < 0.04:
            rows.append({**rows[int(random.integers(len(rows)))], "event_time": now})
            continue
        rows.append(_transaction(random, len(rows), people, now))
    return _stream(rows, declared)


def busy_stream(random: np.random.Generator, declared: DeclaredFeatures) -> Stream:
    """Return transactions of 900 customers so dense that windows lie in tiles, some late by up to several tiles."""
    times_s = np.cumsum(random.exponential(7, 220))
    times_s -= np.where(random.random(220) < 0.2, random.choice([0.001, 40, 300, 900], 220), 0)
    times = [START + timedelta(milliseconds=round(1_000 * time_s)) for time_s in times_s.tolist()]
    rows = [{**_transaction(random, number, 900, at), "merchant_id": "m"} for number, at in enumerate(times)]
    return _stream(rows, declared)


def _stream(rows: list[dict[str, Any]], declared: DeclaredFeatures) -> Stream:
    records = pa.RecordBatch.from_pylist([rows[0], *rows], schema=SCHEMA).slice(1)
    columns = DeclaredColumns(records, declared.kinds)
    hashes = {name: columns.hashes(name).tolist() for name in VALUES}
    plain = [_plain(row) for row in rows]
    return Stream(
        records=records,
        rows=plain,
        hashes=[{name: hashes[name][i] for name in VALUES} for i in range(len(rows))],
        transactions=transaction_hashes(records).tolist(),
    )


def _transaction(random: np.random.Generator, number: int, people: int, now: datetime) -> dict[str, Any]:
    def maybe(value: Any) -> Any:
        return None if random.random() < 0.1 else value

    return transaction(
        number,
        customer_id=f"c{random.integers(people)}",
        merchant_id=f"m{random.integers(2)}",
        device_id=maybe(f"d{random.integers(people)}"),
        amount_minor=int(random.choice([0, 150, 2_000, 10**8, random.integers(10_000)])),
        currency=str(random.choice(["EUR", "JPY"])),
        event_time=now,
        latitude=maybe(float(random.normal(0, 40))),
        risk=maybe(float(random.choice([0, -0.0, 1.5, -3, 1e30, np.inf, np.nan, random.normal()]))),
        declined=maybe(bool(random.integers(2))),
        ip=maybe(f"v{random.integers(3)}"),
        mcc=maybe(str(random.choice(["a", "b", ""]))),
        opened=maybe(START + timedelta(hours=int(random.integers(-99, 99)))),
    )


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a transaction as features have them: numbers are float32, and None where not finite."""
    exponent = 0 if row["currency"] == "JPY" else 2
    hours = None if row["opened"] is None else (row["event_time"] - row["opened"]) / timedelta(hours=1)
    numbers = {
        "amount": row["amount_minor"] / 10.0**exponent,
        "risk": row["risk"],
        "declined": row["declined"],
        "opened": hours,
        "latitude": row["latitude"],
    }
    return {**row, **{name: None if value is None else _float32(value) for name, value in numbers.items()}}


def _float32(value: float) -> np.float32 | None:
    found = np.float32(value)
    return found if np.isfinite(found) else None
