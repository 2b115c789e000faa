"""Notices to a webhook: a real HTTP server that does not always accept them."""

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from fraudstream.lifecycle.audit_log import AuditEntry, Serving
from fraudstream.lifecycle.decision_notice import decision_notice
from fraudstream.observe.notices.notice import Notice
from fraudstream.observe.notices.notices import Notices, Undeliverable
from fraudstream.observe.notices.notifier import drift_notice, model_notice
from fraudstream.settings.settings import NoticeSettings, load_settings
from fraudstream.system.ports import LOOPBACK, free_port
from schemas.errors import UserError
from tests.records import NOON
from tests.webhook_receiver import WebhookReceiver, webhook_receiver

KEY = "whsec_" + base64.b64encode(b"a key of the receiver").decode()
NOTICE = Notice(type="alerts.jumped", text="3 % are alerted", data={"share": 0.03}, id="msg_1", timestamp=NOON)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with webhook_receiver() as server:
        yield server


def notices(url: str, **settings) -> Notices:
    return Notices(NoticeSettings(webhook_url=SecretStr(url), signing_key=SecretStr(KEY), **settings))


def test_notice_arrives_after_two_failures_of_the_receiver(receiver):
    receiver.answers = [503, 500]
    notices(receiver.url).send(NOTICE)
    assert len(receiver.came) == 3
    assert json.loads(receiver.came[-1][1]) == {
        "type": "alerts.jumped",
        "text": "3 % are alerted",
        "data": {"share": 0.03},
        "timestamp": "2026-03-02T12:00:00+00:00",
        "id": "msg_1",
    }


def test_repeats_have_the_id_of_the_first(receiver):
    receiver.answers = [500]
    notices(receiver.url).send(NOTICE)
    assert [headers["webhook-id"] for headers, _ in receiver.came] == ["msg_1", "msg_1"]


def test_signature_follows_standard_webhooks(receiver):
    notices(receiver.url).send(NOTICE)
    ((headers, body),) = receiver.came
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    expected = base64.b64encode(hmac.new(b"a key of the receiver", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 300


def test_refused_notice_is_not_sent_again(receiver):
    receiver.answers = [400]
    with pytest.raises(Undeliverable, match="HTTP 400") as caught:
        notices(receiver.url).send(NOTICE)
    assert len(receiver.came) == 1
    assert not caught.value.passing


def test_notice_is_sent_later_if_the_receiver_keeps_failing(receiver):
    receiver.answers = [503, 503, 503]
    with pytest.raises(Undeliverable, match="HTTP 503") as caught:
        notices(receiver.url, attempts=2).send(NOTICE)
    assert len(receiver.came) == 2
    assert caught.value.passing


def test_unreachable_receiver_is_reported_without_its_address():
    with pytest.raises(Undeliverable) as caught:
        notices(f"http://{LOOPBACK}:{free_port()}/hook?token=s3cret", attempts=1).send(NOTICE)
    assert caught.value.passing
    assert "s3cret" not in str(caught.value)


def test_notice_is_logged_without_a_webhook(caplog):
    with caplog.at_level(logging.WARNING, "fraudstream.notices"):
        Notices(NoticeSettings()).send(NOTICE)
    assert "alerts.jumped: 3 % are alerted" in caplog.text


def test_webhook_in_the_settings_file_is_refused_without_being_shown(tmp_path):
    file = tmp_path / "fraudstream.toml"
    file.write_text('[notices]\nwebhook_url = "https://hooks.example/s3cret"\n')
    with pytest.raises(UserError, match=r"FRAUDSTREAM_NOTICES__WEBHOOK_URL or notices\.webhook_url_file") as caught:
        load_settings(file)
    assert "s3cret" not in str(caught.value)


def test_webhook_comes_from_a_file(receiver, tmp_path):
    file = tmp_path / "webhook"
    file.write_text(receiver.url)
    Notices(NoticeSettings(webhook_url_file=file)).send(NOTICE)
    ((headers, _),) = receiver.came
    assert "webhook-signature" not in headers


@pytest.mark.parametrize(("url", "key"), [("ftp://x", "k"), ("http://x", "whsec_not base64")])
def test_invalid_address_or_key_is_refused(url, key):
    with pytest.raises(UserError, match="expected"):
        Notices(NoticeSettings(webhook_url=SecretStr(url), signing_key=SecretStr(key)))


def entry(**changes) -> AuditEntry:
    plain = {
        "decision_id": "d1", "at": NOON, "by": "jane@host", "action": "promote", "outcome": "done", "reason": "better",
        "version": 2, "model_id": "fraud-2", "before": Serving(champion=1), "after": Serving(champion=2),
    }  # fmt: skip
    return AuditEntry(**{**plain, **changes})


FAILED = [{"name": "flips", "passed": False, "expected": "few", "was": "9 %"}]


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({}, "model.promoted", "fraud-2 is champion: better (by jane@host)"),
        ({"outcome": "refused", "gates": FAILED}, "gates.failed", "failed gates: flips (9 %)"),
        ({"forced": True, "gates": FAILED}, "model.promoted", "overriding flips (9 %)"),
        ({"action": "rollback", "model_id": "fraud-1"}, "model.rolled_back", "Back to fraud-1"),
        ({"outcome": "failed", "detail": "no broker"}, "model.failed", "no broker"),
    ],
)
def test_decisions_are_worded(changes, kind, words):
    notice = decision_notice(entry(**changes))
    assert notice.type == kind
    assert words in notice.text
    assert json.loads(notice.to_json())["data"]["decision_id"] == "d1"


def test_shadow_deployment_sends_no_notice():
    assert decision_notice(entry(action="shadow")) is None


def test_drift_and_refusals_are_worded_and_repeats_are_recognised():
    drift = {
        "drift_id": "x", "signal": "score", "detector": "ADWIN", "detected_at": NOON, "event_time": NOON,
        "observation": 7, "estimate": 0.02, "observed": 0.05,
    }  # fmt: skip
    assert drift_notice(drift).text == (
        "ADWIN saw score drift at 2026-03-02 12:00 UTC: 0.05, where 0.02 is its mean now"
    )
    assert drift_notice(drift).id == drift_notice(drift).id
    event = {"deployment_id": "d1", "at": NOON, "kind": "REFUSED", "detail": "expected SHA-256 a, got b", "shard": 4}
    assert "expected SHA-256 a, got b" in model_notice(event).text
    assert model_notice(event).id == model_notice({**event, "shard": 5}).id
    assert model_notice({**event, "kind": "SERVING"}) is None


def test_rules_refused_by_several_shards_are_one_notice():
    event = {"deployment_id": "b1", "at": NOON, "kind": "RULES_REFUSED", "detail": "did you mean amount?", "shard": 4}
    assert (model_notice(event).type, model_notice(event).id) == ("rules.refused", "msg_refused_b1")
    assert "did you mean amount?" in model_notice(event).text
    assert model_notice({**event, "kind": "RULES"}) is None
