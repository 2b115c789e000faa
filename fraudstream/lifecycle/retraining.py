"""Retraining of the model."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import pyarrow.parquet as pq

from fraudstream.control.model_events import ANSWER_S, REFUSED, ShardReport, await_answers
from fraudstream.kafka.broker import Broker
from fraudstream.kafka.clocks import CLOCKS_APART_MS
from fraudstream.lifecycle.audit_log import AuditEntry
from fraudstream.lifecycle.gate_checks import check_gates, check_gates_against
from fraudstream.lifecycle.model_registry import ModelRegistry
from fraudstream.lifecycle.model_version import CHAMPION, ModelVersion
from fraudstream.lifecycle.promotion import Promotion
from fraudstream.lifecycle.shadow_results import ShadowResult, read_shadow_records
from fraudstream.readers.labelled_topics import newest_window
from fraudstream.settings.settings import Settings
from fraudstream.system.deadline import wait_until
from models.training.history import Progress
from models.training.matured_window import MaturedWindow
from models.training.train import train
from models.training.training_settings import TrainingSettings
from models.whole_file import whole_file

End = Literal["promoted", "refused by the gates", "refused by the job", "unchanged"]


@dataclass(frozen=True, kw_only=True)
class Retrained:
    """Result of a retraining.

    Parameters
    ----------
    rows, frauds, unlabelled : int
        Row counts of the window; unlabelled rows are left out.
    until : datetime
        Event time of the newest transaction in the window.
    gates : list of dict
        Name, passed, expected and was of each gate.
    shadow : dict or None
        Comparison by the job in shadow mode; None without shadow mode.
    answers : dict of int to str
        Reply of each shard to the promotion; empty without a job.
    seconds : float
        Duration, including reading the window.
    """

    reason: str
    end: End
    version: int
    model_id: str
    rows: int
    frauds: int
    unlabelled: int
    until: datetime
    gates: list[dict[str, Any]] = field(default_factory=list)
    shadow: dict[str, Any] | None = None
    answers: dict[int, str] = field(default_factory=dict)
    seconds: float = 0.0


class Retraining:
    """Retraining on the newest mature window, with shadow mode and gates before the promotion.

    Parameters
    ----------
    settings
        Sections `[retrain]` and `[gates]`.
    services
        Broker of the window, and cluster of the job; None changes the registry only.
    on_decision
        Called with each decision after it is in the audit log.
    progress
        Called with stage, done and total.
    answer_s
        Seconds to wait for the replies of the shards.
    """

    def __init__(
        self,
        settings: Settings,
        registry: ModelRegistry,
        broker: Broker | None,
        *,
        on_decision: Callable[[AuditEntry], None] = lambda _entry: None,
        progress: Progress = lambda _stage, _done, _total: None,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._settings, self._registry, self._broker = settings, registry, broker
        self._promotion = Promotion(settings, registry, broker, on_decision)
        self._progress, self._answer_s = progress, answer_s
        self._folder = settings.state.models / "retraining"

    def run(self, reason: str) -> Retrained:
        """Retrain once.

        Raises
        ------
        UserError
            There is too little training data.
        RuntimeFailure
            The broker or the registry fails.
        """
        begin = time.monotonic()
        window = newest_window(self._settings, self._broker, self._progress)
        history = self._keep(window)
        version = self._train(history)
        found = self._decide(version, history, reason)
        return Retrained(
            reason=reason,
            version=version.version,
            model_id=version.model_id,
            rows=len(window.table),
            frauds=window.frauds,
            unlabelled=window.unlabelled,
            until=datetime.fromtimestamp(window.until_ms / 1000, UTC),
            seconds=time.monotonic() - begin,
            **found,
        )

    def _keep(self, window: MaturedWindow) -> Path:
        """Write the window over the previous one; the audit log has file and fingerprint."""
        history = self._folder / "history.parquet"
        with whole_file(history) as partial:
            pq.write_table(window.table, partial)
        return history

    def _train(self, history: Path) -> ModelVersion:
        training = TrainingSettings(
            search_minutes=self._settings.retrain.search_minutes,
            limits=self._settings.file_limits,
            declaration=self._settings.declaration,
        )
        with TemporaryDirectory(dir=self._folder) as folder:
            train(history, Path(folder) / "model", training, progress=self._progress)
            return self._registry.push(Path(folder) / "model")[0]

    def _decide(self, version: ModelVersion, history: Path, reason: str) -> dict[str, Any]:
        champion = self._registry.alias(CHAMPION)
        if champion is not None and champion.version == version.version:
            return {"end": "unchanged"}
        shadow = self._shadow(self._broker, version, champion, reason) if champion and self._broker else None
        report = check_gates_against(self._registry, version, history, self._settings, self._progress)
        entry = self._promotion.promote(report, reason=reason)
        found: dict[str, Any] = {"gates": entry.gates, "shadow": shadow}
        if entry.outcome == "refused":
            self._end_shadow(version)
            return {"end": "refused by the gates", **found}
        answers = self._answers(entry)
        if REFUSED in answers.values():
            if champion is not None:  # else the job keeps the model of its settings
                self._promotion.rollback(reason=f"the job refuses {version.model_id}")
            self._end_shadow(version)
            return {"end": "refused by the job", **found, "answers": answers}
        return {"end": "promoted", **found, "answers": answers}

    def _shadow(
        self, broker: Broker, version: ModelVersion, champion: ModelVersion, reason: str
    ) -> dict[str, Any] | None:
        """Run the version in shadow mode until enough transactions are compared, or the timeout."""
        report = check_gates(self._registry, version, self._settings)
        entry = self._promotion.shadow(report, share=0.0, reason=reason)
        if entry.outcome == "refused":
            return None
        plan = self._settings.retrain
        # Records name their models, so earlier ones do no harm; their clock may be behind ours.
        since_ms = round(entry.at.timestamp() * 1000) - CLOCKS_APART_MS
        seen: list[ShadowResult] = []

        def compared() -> bool:
            records = read_shadow_records(broker, since_ms=since_ms)
            seen[:] = [ShadowResult.of(records, champion.model_id, version.model_id)]
            self._progress("in shadow", seen[0].transactions, plan.shadow_transactions)
            return seen[0].transactions >= plan.shadow_transactions

        wait_until(compared, seconds=plan.shadow_timeout_s, interval_s=1.0)
        return asdict(seen[0]) | {"agreement": seen[0].agreement}

    def _end_shadow(self, version: ModelVersion) -> None:
        """Remove a refused challenger from the job."""
        if self._promotion.serving().challenger == version.version:
            self._promotion.rollback(reason=f"{version.model_id} was refused")

    def _answers(self, entry: AuditEntry) -> dict[int, str]:
        if self._broker is None:
            return {}
        self._progress("waiting for the job", 0, 1)
        shards = await_answers(self._broker, entry.decision_id, seconds=self._answer_s)
        return {shard.shard: _reply(shard) for shard in shards}


def _reply(shard: ShardReport) -> str:
    return "NO ANSWER" if shard.answer is None else shard.answer.kind
