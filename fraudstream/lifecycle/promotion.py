"""Decisions on which models score."""

import uuid
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import KafkaException

from fraudstream.control.control_topic import publish_deployment
from fraudstream.control.model_store import serve_artifact
from fraudstream.kafka.broker import Broker
from fraudstream.lifecycle.audit_log import Action, AuditEntry, AuditLog, Outcome, Serving
from fraudstream.lifecycle.gate_checks import GateReport
from fraudstream.lifecycle.model_registry import ModelRegistry
from fraudstream.lifecycle.model_version import CHALLENGER, CHAMPION, ModelVersion
from fraudstream.settings.settings import Settings
from fraudstream.system.failures import RuntimeFailure
from fraudstream.system.user import user
from schemas.deployment import Challenger, Deployment, Served
from schemas.errors import UserError


class Promotion:
    """Promotion, shadow deployment and rollback of models, with an audit log.

    Parameters
    ----------
    settings
        Settings of the audit log and the model store.
    registry
        Registry whose aliases name the versions that score.
    broker
        Broker of the control topic; None publishes nothing, see `publish`.
    on_decision
        Called with each decision after it is in the audit log.
    """

    def __init__(
        self,
        settings: Settings,
        registry: ModelRegistry,
        broker: Broker | None,
        on_decision: Callable[[AuditEntry], None] = lambda _entry: None,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._broker = broker
        self._on_decision = on_decision
        self._log = audit_log(settings)

    def serving(self) -> Serving:
        """Return the versions that score."""
        champion, challenger = (self._registry.alias(name) for name in (CHAMPION, CHALLENGER))
        return Serving(
            champion=champion.version if champion else None,
            challenger=challenger.version if challenger else None,
            share=challenger.share if challenger else 0.0,
        )

    def promote(self, report: GateReport, *, reason: str, force: bool = False) -> AuditEntry:
        """Promote a version to champion if its gates passed or are overridden. It stops being challenger.

        Raises
        ------
        UserError
            The version is champion already.
        """
        before = self.serving()
        if before.champion == report.version.version:
            raise UserError(f"expected a model that is not champion yet, got {report.version.name}. Promote another")
        after = replace(before, champion=report.version.version)
        if before.challenger == report.version.version:
            after = Serving(champion=report.version.version)
        return self._decide("promote", report, before, after, reason, force=force)

    def shadow(self, report: GateReport, *, share: float, reason: str, force: bool = False) -> AuditEntry:
        """Deploy a version as challenger, which decides for a fraction of customers.

        Raises
        ------
        UserError
            There is no champion, or it is this version.
        """
        before = self.serving()
        if before.champion in {None, report.version.version}:
            got = "none" if before.champion is None else "this version"
            raise UserError(f"expected another version as champion, got {got}. Promote one first")
        after = replace(before, challenger=report.version.version, share=share)
        return self._decide("shadow", report, before, after, reason, force=force)

    def rollback(self, *, reason: str) -> AuditEntry:
        """Undo the newest promotion or shadow deployment that is not undone yet.

        Raises
        ------
        UserError
            There is none, it had no champion before it, or other models score now.
        """
        last, before = self._log.to_undo(), self.serving()
        if last is None or last.before.champion is None:
            raise UserError(
                f"expected a promotion with a previous champion in {self._log.path}, found none. Promote a version"
            )
        if last.after != before:
            raise UserError(
                f"expected the models of the decision {last.decision_id}, {last.after}, got {before}. They were "
                "changed outside the audit log: promote the version that you want"
            )
        version = self._registry.find(str(last.before.champion))
        entry = self._entry("rollback", version, before, last.before, reason)
        return self._carry_out(replace(entry, undoes=last.decision_id))

    def publish(self) -> Deployment:
        """Publish the current decision to the job.

        Raises
        ------
        UserError
            There is no champion yet.
        """
        serving = self.serving()
        if serving.champion is None:
            raise UserError("expected a champion in the registry, found none. Run `fraudstream model promote V`")
        entries = [entry for entry in self._log.entries() if entry.outcome == "done" and entry.after == serving]
        version = self._registry.find(str(serving.champion))
        entry = entries[-1] if entries else self._entry("promote", version, serving, serving, "published again")
        return self._publish(entry)

    def _decide(
        self, action: Action, report: GateReport, before: Serving, after: Serving, reason: str, *, force: bool
    ) -> AuditEntry:
        entry = replace(
            self._entry(action, report.version, before, after, reason),
            gates=[asdict(gate) for gate in report.gates],
            data={"trained_on": report.manifest.data.model_dump(), "compared_on": dict(report.data)},
            forced=force and not report.passed,
        )
        return self._carry_out(entry) if report.passed or force else self._note(entry, "refused")

    def _entry(self, action: Action, version: ModelVersion, before: Serving, after: Serving, reason: str) -> AuditEntry:
        return AuditEntry(
            decision_id=str(uuid.uuid4()),
            at=datetime.now(UTC),
            by=user(),
            action=action,
            outcome="done",
            reason=reason,
            version=version.version,
            model_id=version.model_id,
            before=before,
            after=after,
        )

    def _carry_out(self, entry: AuditEntry) -> AuditEntry:
        """Publish before the registry changes: its aliases name models that score, not that were requested."""
        try:
            if self._broker is not None:
                self._publish(entry)
            self._registry.set_serving(entry.after)
        except (UserError, RuntimeFailure, KafkaException) as error:
            self._note(entry, "failed", str(error))
            raise
        return self._note(entry, "done")

    def _note(self, entry: AuditEntry, outcome: Outcome, detail: str = "") -> AuditEntry:
        noted = replace(entry, outcome=outcome, detail=detail)
        self._log.add(noted)
        self._on_decision(noted)
        return noted

    def _publish(self, entry: AuditEntry) -> Deployment:
        after = entry.after
        champion = Served(**self._served(after.champion))
        challengers = (
            [] if after.challenger is None else [Challenger(**self._served(after.challenger), share=after.share)]
        )
        deployment = Deployment(
            deployment_id=entry.decision_id,
            changed_at=entry.at,
            changed_by=entry.by,
            reason=entry.reason,
            champion=champion,
            challengers=tuple(challengers),
        )
        if self._broker is not None:
            publish_deployment(self._broker, deployment)
        return deployment

    def _served(self, version: int | None) -> dict[str, Any]:
        artifact = self._registry.load(self._registry.find(str(version)))
        return {
            "model_id": artifact.manifest.model_id,
            "location": str(serve_artifact(artifact, self._settings)),
            "sha256": artifact.manifest.onnx_sha256,
        }


def audit_log(settings: Settings) -> AuditLog:
    """Open the audit log."""
    return AuditLog(settings.state.models / "audit.jsonl")
