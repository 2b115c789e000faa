"""Notifications of decisions on models."""

from collections.abc import Callable
from dataclasses import asdict

from fraudstream.lifecycle.audit_log import AuditEntry
from fraudstream.observe.notices.notice import Kind, Notice
from fraudstream.observe.notices.notices import Notices, Undeliverable, webhook_url
from fraudstream.settings.settings import Settings


def notify_decision(settings: Settings, entry: AuditEntry, on_failure: Callable[[str], None]) -> None:
    """Send a decision to the webhook, if one is set; a failed delivery does not affect the decision."""
    notice = decision_notice(entry)
    if notice is None or webhook_url(settings.notices) is None:
        return
    try:
        Notices(settings.notices).send(notice)
    except Undeliverable as error:
        on_failure(f"the webhook rejected the notification: {error}")


def decision_notice(entry: AuditEntry) -> Notice | None:
    """Return the notice of a decision; None for changes in shadow mode, which customers do not see."""
    failed = ", ".join(f"{gate['name']} ({gate['was']})" for gate in entry.gates if not gate["passed"])
    why = f": {entry.reason}" if entry.reason else ""
    kind: Kind
    if entry.outcome == "refused":
        kind, text = "gates.failed", f"{entry.model_id} was not promoted, failed gates: {failed}"
    elif entry.outcome == "failed":
        kind, text = "model.failed", f"The {entry.action} of {entry.model_id} could not be carried out: {entry.detail}"
    elif entry.action == "rollback":
        kind, text = "model.rolled_back", f"Back to {entry.model_id}{why}"
    elif entry.action == "promote":
        overridden = f", overriding {failed}" if entry.forced else ""
        kind, text = "model.promoted", f"{entry.model_id} is champion{overridden}{why}"
    else:
        return None
    return Notice(type=kind, text=f"{text} (by {entry.by})", data=asdict(entry), timestamp=entry.at)
