"""Delivery of notifications by webhook and log."""

import base64
import hashlib
import hmac
import logging
import time
from collections.abc import Callable

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError

from fraudstream.observe.notices.notice import Notice
from fraudstream.settings.login import read_password
from fraudstream.settings.settings import NoticeSettings
from schemas.errors import UserError

LOG = logging.getLogger("fraudstream.notices")

BACKOFF_S, MAX_BACKOFF_S = 0.5, 60.0
"""Pause before the third attempt, which doubles with each attempt, and its maximum."""

TIMEOUT_S = 10.0

PASSING = (408, 425, 429, 500, 502, 503, 504)
"""HTTP status codes of transient failures."""


class Undeliverable(Exception):  # noqa: N818 (read as a state: `except Undeliverable`)
    """Notice that the receiver rejected; `passing` if a later attempt may succeed."""

    def __init__(self, why: str, *, passing: bool) -> None:
        super().__init__(why)
        self.passing = passing


class Notices:
    """Delivery of notices to the log, and to a webhook with retries if one is set.

    Requests are signed by the Standard Webhooks specification.

    Parameters
    ----------
    settings
        Webhook and number of attempts.
    clock
        Clock of the signature, in seconds since 1970.
    """

    def __init__(self, settings: NoticeSettings, clock: Callable[[], float] = time.time) -> None:
        self._url = webhook_url(settings)
        self._key = signing_key(settings)
        self._clock = clock
        self._http = urllib3.PoolManager(
            timeout=TIMEOUT_S,
            retries=urllib3.Retry(
                total=settings.attempts - 1,
                # POST requests are retried too; receivers recognise repeats by the id.
                allowed_methods=None,
                redirect=0,
                status_forcelist=PASSING,
                backoff_factor=BACKOFF_S,
                backoff_max=MAX_BACKOFF_S,
                raise_on_status=False,
            ),
        )

    def send(self, notice: Notice) -> None:
        """Log and deliver a notice.

        Raises
        ------
        Undeliverable
            All attempts failed; the notice is in the log.
        """
        LOG.warning("%s: %s", notice.type, notice.text)
        if self._url is None:
            return
        body = notice.to_json()
        headers = {"Content-Type": "application/json", **self._signature(notice.id, body)}
        try:
            answer = self._http.request("POST", self._url, body=body, headers=headers)
        except HTTPError as error:
            # The message may contain the URL, which is a secret.
            cause = error.reason if isinstance(error, MaxRetryError) and error.reason else error
            raise Undeliverable(type(cause).__name__, passing=True) from None
        if answer.status >= 300:
            raise Undeliverable(f"HTTP {answer.status}", passing=answer.status in PASSING)

    def _signature(self, notice_id: str, body: bytes) -> dict[str, str]:
        stamp = str(int(self._clock()))
        headers = {"webhook-id": notice_id, "webhook-timestamp": stamp}
        if self._key is not None:
            headers["webhook-signature"] = f"v1,{sign(self._key, notice_id, stamp, body)}"
        return headers


def sign(key: bytes, notice_id: str, stamp: str, body: bytes) -> str:
    """Return the base64 HMAC-SHA256 of a request."""
    signed = b".".join((notice_id.encode(), stamp.encode(), body))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def webhook_url(settings: NoticeSettings) -> str | None:
    """Return the URL of the webhook, if one is set.

    Raises
    ------
    UserError
        The URL is not http or https.
    """
    if settings.webhook_url is None and settings.webhook_url_file is None:
        return None
    url = read_password(settings.webhook_url, settings.webhook_url_file, name="webhook_url")
    if not url.startswith(("http://", "https://")):
        raise UserError(
            "expected notices.webhook_url to begin with http:// or https://, got another address. Correct it"
        )
    return url


def signing_key(settings: NoticeSettings) -> bytes | None:
    """Return the key of the signatures: base64 after ``whsec_`` as in Standard Webhooks, or any text."""
    if settings.signing_key is None and settings.signing_key_file is None:
        return None
    text = read_password(settings.signing_key, settings.signing_key_file, name="signing_key")
    prefix, _, rest = text.partition("_")
    if prefix != "whsec":
        return text.encode()
    try:
        return base64.b64decode(rest, validate=True)
    except ValueError:
        raise UserError(
            "expected base64 after whsec_ in notices.signing_key, got other text. Copy the key again"
        ) from None
