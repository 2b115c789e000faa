from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from models.promotion.comparison import Comparison
from models.promotion.gates import Gate, certificate_gate, flips_gate, latency_gate, metrics_gate
from models.promotion.latency import us_per_row
from models.promotion.newest_rows import newest_rows
from models.promotion.resampled import Resampled
from models.scoring.artifact import Artifact
from models.training.history import Progress
from runtime.comparison_rows import compare_on
from runtime.embedded import find_bootstrap
from runtime.placed_records import read_labels
from runtime.settings import Settings
from runtime.topics import require_topics
from schemas.errors import UserError


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """A challenger beside the champion.

    Parameters
    ----------
    gates : list of Gate
    comparison : Comparison or None
        None where there is no champion to compare with, or nothing to compare on.
    resampled : Resampled or None
        Of the comparison; None where no row is labelled.
    """

    gates: list[Gate]
    comparison: Comparison | None = None
    resampled: Resampled | None = None


def own_gates(artifact: Artifact, settings: Settings) -> list[Gate]:
    """Put a model through the gates that need no champion."""
    limits = settings.gates.limits
    return [
        certificate_gate(artifact.manifest, limits),
        latency_gate(us_per_row(artifact, time.perf_counter), limits),
    ]


def not_compared() -> Gate:
    """Return the gate of a model that was not compared with the champion."""
    return Gate(name="metrics", passed=False, expected="a comparison with the champion", was="nothing to compare on")


def try_beside(
    champion: Artifact, challenger: Artifact, on: Path | None, settings: Settings, progress: Progress
) -> Trial:
    """Put a model through all gates, beside the champion.

    Parameters
    ----------
    champion, challenger
        Their artifacts.
    on
        What they are compared on, see `compare_on`.
    settings
        The gates' limits, and where labels are.
    progress
        Told stage, done and total.

    Raises
    ------
    UserError
        There is nothing to compare on.
    """
    if on is None:
        raise UserError(
            "expected transactions to compare with the champion on, was none: give a labelled Parquet file or an "
            "archive of the inference topic with --on, or as models.compare_on in the settings"
        )
    rows = compare_on(on.expanduser(), champion, challenger, lambda: _labels(settings), progress)
    comparison = newest_rows(rows, settings.gates.compare_days)
    progress("resampling", 0, 1)
    resampled = Resampled.of(comparison) if comparison.labelled.any() else None
    limits = settings.gates.limits
    compared = [metrics_gate(comparison, resampled, limits), flips_gate(comparison, limits)]
    return Trial(gates=[*own_gates(challenger, settings), *compared], comparison=comparison, resampled=resampled)


def _labels(settings: Settings) -> pa.Table:
    """Read the labels topic."""
    servers = find_bootstrap(settings)
    require_topics(settings, servers, settings.topics.labels)
    return pa.Table.from_batches([read_labels(settings, servers).records])
