"""Checks of the promotion gates."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from fraudstream.archive.comparison_rows import compare_on
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.topics import require_topics
from fraudstream.lifecycle.model_registry import ModelRegistry
from fraudstream.lifecycle.model_version import CHAMPION, ModelVersion
from fraudstream.readers.positioned_records import read_labels
from fraudstream.settings.settings import Settings
from models.promotion.comparison import Comparison
from models.promotion.gates import Gate, flips_gate, latency_gate, metrics_gate, parity_gate
from models.promotion.latency import us_per_row
from models.promotion.newest_rows import newest_rows
from models.promotion.resampled import Resampled
from models.scoring.artifact import Artifact, Manifest
from models.training.history import Progress
from schemas.errors import UserError


@dataclass(frozen=True, kw_only=True, eq=False)
class GateReport:
    """Result of the gates of a version.

    Parameters
    ----------
    comparison : Comparison or None
        Comparison with the champion; None without a champion or data.
    resampled : Resampled or None
        Bootstrap of the comparison; None without labelled rows.
    """

    version: ModelVersion
    manifest: Manifest
    gates: tuple[Gate, ...]
    comparison: Comparison | None = None
    resampled: Resampled | None = None

    @property
    def passed(self) -> bool:
        """Whether all gates passed."""
        return all(gate.passed for gate in self.gates)

    @property
    def data(self) -> Mapping[str, Any]:
        """Fingerprint of the comparison data."""
        return self.comparison.data if self.comparison else {}


def check_gates(registry: ModelRegistry, version: ModelVersion, settings: Settings) -> GateReport:
    """Check the gates that need no champion."""
    artifact = registry.load(version)
    return GateReport(version=version, manifest=artifact.manifest, gates=_own_gates(artifact, settings))


def check_gates_against(
    registry: ModelRegistry,
    version: ModelVersion,
    on: Path | None,
    settings: Settings,
    progress: Progress = lambda _stage, _done, _total: None,
    *,
    may_lack: bool = False,
) -> GateReport:
    """Check all gates of a version, against the champion if it is another version.

    Parameters
    ----------
    registry, version
        Model to check.
    on
        Comparison data, see `compare_on`; None means `models.compare_on`.
    settings
        Limits of the gates, and the labels topic.
    progress
        Called with stage, done and total.
    may_lack
        Whether missing comparison data is a failed gate instead of an error.

    Raises
    ------
    UserError
        The comparison data is missing or can't be read.
    """
    champion, path = registry.alias(CHAMPION), on or settings.models.compare_on
    if champion is None or champion.version == version.version:
        return check_gates(registry, version, settings)
    artifact, limits = registry.load(version), settings.gates.limits
    gates = _own_gates(artifact, settings)
    if path is None and may_lack:
        missing = Gate(
            name="metrics", passed=False, expected="a comparison with the champion", was="nothing to compare on"
        )
        return GateReport(version=version, manifest=artifact.manifest, gates=(*gates, missing))
    if path is None:
        raise UserError(
            "expected transactions to compare with the champion on, found none. Set --on or models.compare_on to a "
            "labelled Parquet file or an archive of the inference topic"
        )
    rows = compare_on(
        path.expanduser(),
        registry.load(champion),
        artifact,
        lambda: _labels(settings),
        progress,
        timezone=settings.files.timezone,
        limits=settings.file_limits,
    )
    comparison = newest_rows(rows, limits.compare_days)
    progress("resampling", 0, 1)
    resampled = Resampled.of(comparison) if comparison.labelled.any() else None
    return GateReport(
        version=version,
        manifest=artifact.manifest,
        gates=(*gates, metrics_gate(comparison, resampled, limits), flips_gate(comparison, limits)),
        comparison=comparison,
        resampled=resampled,
    )


def _own_gates(artifact: Artifact, settings: Settings) -> tuple[Gate, ...]:
    limits = settings.gates.limits
    return (parity_gate(artifact.manifest, limits), latency_gate(us_per_row(artifact, time.perf_counter), limits))


def _labels(settings: Settings) -> pa.Table:
    """Read the labels topic."""
    broker = Broker.of(settings)
    require_topics(broker, settings.topics.labels)
    return pa.Table.from_batches([read_labels(broker).records])
