"""Events of an example: when they happen, when their frauds become known, and the CSV file that they are written to."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import typer
from numpy.typing import NDArray

START = np.datetime64("2026-01-01T00:00:00")
DAYS = 60
DAY_S = 86_400
FINAL_AFTER_DAYS = 10
"""An event that nobody disputes until then is genuine."""
DISPUTED = 0.002
"""Share of the genuine events that are disputed nevertheless."""

Columns = Mapping[str, NDArray[Any]]
"""n values of each column."""

Simulation = Callable[[np.random.Generator, int], Columns]
"""Makes the events of a business, given a source of random numbers and the multiple of its usual size."""


def moments(rng: np.random.Generator, count: int) -> NDArray[np.datetime64]:
    """Draw times within the period, most of them in the afternoon."""
    seconds = rng.integers(DAYS, size=count) * DAY_S + (rng.beta(3, 2.2, count) * DAY_S).astype(np.int64)
    return START + seconds.astype("timedelta64[s]")


def bursts(
    rng: np.random.Generator, attacks: int, size: int, hours: float
) -> tuple[NDArray[np.int64], NDArray[np.datetime64]]:
    """Draw the events of attacks, each within a few hours.

    Returns
    -------
    attack : ndarray of int64, (attacks * size,)
        Number of each event's attack.
    times : ndarray of datetime64, (attacks * size,)
    """
    attack = np.repeat(np.arange(attacks), size)
    begin = rng.integers((DAYS - 1) * DAY_S, size=attacks)
    seconds = begin[attack] + (rng.random(len(attack)) * hours * 3_600).astype(np.int64)
    return attack, START + seconds.astype("timedelta64[s]")


def of_each(rng: np.random.Generator, burst: NDArray[np.int64], values: int | NDArray[Any]) -> NDArray[Any]:
    """Draw one value for each burst, a number below ``values`` or one of them, and return it for each event, (n,)."""
    drawn: NDArray[Any] = rng.choice(values, burst[-1] + 1)
    return drawn[burst]


def named(prefix: str, numbers: NDArray[np.integer[Any]]) -> NDArray[np.str_]:
    """Return names such as ``card-17``."""
    return np.char.add(f"{prefix}-", numbers.astype(np.str_))


def money(rng: np.random.Generator, median: float | NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Draw amounts around a median, with two decimals."""
    return np.round(np.maximum(median * rng.lognormal(0, 0.6, count), 0.5), 2)


def together(rng: np.random.Generator, time: str, *, genuine: Sequence[Columns], frauds: Sequence[Columns]) -> Columns:
    """Return all events by time, with the columns ``fraud`` and ``reported_at``, as the business knows them later.

    Some genuine events are disputed too, for reasons that no column has.
    """
    parts = [*genuine, *frauds]
    is_attack = np.repeat(np.arange(len(parts)) >= len(genuine), [len(part[time]) for part in parts])
    fraud = is_attack | (rng.random(len(is_attack)) < DISPUTED)
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    delay_s = np.minimum(3_600 + rng.exponential(2 * DAY_S, len(fraud)), (FINAL_AFTER_DAYS - 1) * DAY_S)
    delay_s = np.where(fraud, delay_s, FINAL_AFTER_DAYS * DAY_S).astype("timedelta64[s]")
    columns |= {"fraud": fraud.astype(np.int8), "reported_at": columns[time] + delay_s}
    order = np.argsort(columns[time], kind="stable")
    return {name: values[order] for name, values in columns.items()}


def write_events(file: str, simulation: Simulation) -> None:
    """Run a command that writes the events of a business to a CSV file."""

    def command(
        out: Annotated[Path, typer.Option(help="CSV file to write.")] = Path(file),
        scale: Annotated[int, typer.Option(min=1, help="Multiple of the usual number of events.")] = 1,
        seed: Annotated[int, typer.Option(min=0, help="Seed; the same seed gives the same file.")] = 1,
    ) -> None:
        columns = simulation(np.random.default_rng(seed), scale)
        table = pa.table({"id": named("e", np.arange(len(columns["fraud"]))), **columns})
        pa_csv.write_csv(table, out)
        typer.echo(f"{out}: {len(table):,} events, {int(columns['fraud'].sum()):,} frauds")

    command.__doc__ = f"Write synthetic events to {file}."
    typer.run(command)
