"""Delivery of notifications by webhook and log."""

from __future__ import annotations

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

BACKOFF_S, LONGEST_WAIT_S = 0.5, 60.0
"""Pause before the third attempt, doubled for each further one, and the longest; the second comes at once."""

TIMEOUT_S = 10.0

PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Answers of HTTP that may be others later."""


class Undeliverable(Exception):  # noqa: N818 (read as a state: `except Undeliverable`)
    """A notice that the receiver did not take: `passing` says whether it may later."""

    def __init__(self, why: str, *, passing: bool) -> None:
        super().__init__(why)
        self.passing = passing


class Notices:
    """Writes notices to the log, and sends them to a webhook where there is one, again until it takes them.

    Requests are signed as Standard Webhooks has it: receivers find libraries for it in their language.

    Parameters
    ----------
    settings
        Where to, and how often.
    clock
        Gives seconds since 1970, for the signature.
    """

    def __init__(self, settings: NoticeSettings, clock: Callable[[], float] = time.time) -> None:
        self._url = webhook_url(settings)
        self._key = signing_key(settings)
        self._clock = clock
        self._http = urllib3.PoolManager(
            timeout=TIMEOUT_S,
            retries=urllib3.Retry(
                total=settings.attempts - 1,
                # A POST is repeated too: the id says that it is the same.
                allowed_methods=None,
                redirect=0,
                status_forcelist=PASSING,
                backoff_factor=BACKOFF_S,
                backoff_max=LONGEST_WAIT_S,
                raise_on_status=False,
            ),
        )

    def send(self, notice: Notice) -> None:
        """Tell of it.

        Raises
        ------
        Undeliverable
            The webhook did not take it, after all attempts. The log has it.
        """
        LOG.warning("%s: %s", notice.type, notice.text)
        if self._url is None:
            return
        body = notice.to_json()
        headers = {"Content-Type": "application/json", **self._signature(notice.id, body)}
        try:
            answer = self._http.request("POST", self._url, body=body, headers=headers)
        except HTTPError as error:
            # Its words may hold the address, which is a secret.
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
    """Return the base64 HMAC-SHA256 of a request, as its receiver computes it too."""
    signed = b".".join((notice_id.encode(), stamp.encode(), body))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def webhook_url(settings: NoticeSettings) -> str | None:
    """Return where notices are sent, None for nowhere.

    Raises
    ------
    UserError
        It is no address of the web.
    """
    if settings.webhook_url is None and settings.webhook_url_file is None:
        return None
    url = read_password(settings.webhook_url, settings.webhook_url_file, name="webhook_url")
    if not url.startswith(("http://", "https://")):
        raise UserError("expected notices.webhook_url to begin with http:// or https://, but it does not: correct it")
    return url


def signing_key(settings: NoticeSettings) -> bytes | None:
    """Return the key of the signatures: base64 behind ``whsec_``, as Standard Webhooks writes it, or any text."""
    if settings.signing_key is None and settings.signing_key_file is None:
        return None
    text = read_password(settings.signing_key, settings.signing_key_file, name="signing_key")
    prefix, _, rest = text.partition("_")
    if prefix != "whsec":
        return text.encode()
    try:
        return base64.b64decode(rest, validate=True)
    except ValueError:
        raise UserError("expected base64 behind whsec_ in notices.signing_key, but it is not: copy it again") from None
