"""Dead letters: records of `dead_letter.avsc`."""

from typing import Any

from schemas.rejection import Reason

KEPT_KEY, KEPT_DETAIL = 256, 1_000
"""Maximum characters of a dead letter's key and detail; a customer's id is never longer."""


def dead_letter(
    reason: Reason,
    detail: str,
    place: tuple[str, int, int],
    key: str | None,
    payload: bytes,
    *,
    kept_bytes: int,
    now_ms: int,
) -> dict[str, Any]:
    """Return the dead letter of a record, whose size has a bound for any input.

    The broker refuses a large record, and who writes it would try forever.

    Parameters
    ----------
    place : tuple of str, int, int
        Topic, partition and offset of the record.
    kept_bytes : int
        Bytes of the payload that the letter keeps.
    now_ms : int
        When it was set aside, milliseconds since 1970.
    """
    topic, partition, offset = place
    kept_key = None if key is None else key[:KEPT_KEY]
    return {
        "reason": reason.value,
        "detail": detail[:KEPT_DETAIL],
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "key": kept_key,
        "payload": payload[:kept_bytes],
        "failed_at": now_ms,
        "payload_size": len(payload) if len(payload) > kept_bytes else None,
        "key_size": None if key is None or key == kept_key else len(key),
    }
