"""Failures of an object store, in words."""

import re

from schemas.errors import UserError

_CODE = re.compile(r"AWS Error (?P<code>[A-Z_0-9]+)")
_OBJECT = re.compile(r"key '(?P<key>[^']*)' in bucket '(?P<bucket>[^']*)'")
_ADVICE = {
    "NO_SUCH_BUCKET": "Create the bucket, or correct its name",
    "ACCESS_DENIED": "Grant the credentials in use the right to list the bucket, and to read and write its objects",
    "INVALID_ACCESS_KEY_ID": "Correct AWS_ACCESS_KEY_ID, or the profile in use",
    "SIGNATURE_DOES_NOT_MATCH": "Correct AWS_SECRET_ACCESS_KEY, or the profile in use",
    "EXPIRED_TOKEN": "Renew the credentials",
    "NETWORK_CONNECTION": "Start it, or correct AWS_ENDPOINT_URL",
}
_OTHER = "Check credentials, AWS_REGION and AWS_ENDPOINT_URL, see docs/object-storage.md"


class S3Error(UserError):
    """A refusal of the object store."""


class S3ConnectionError(S3Error):
    """No answer of the object store."""

    exit_code = 3


def s3_error(error: OSError, address: str = "", doing: str = "use") -> S3Error | None:
    """Return the message for what pyarrow raises, None for an error that is not of S3.

    Parameters
    ----------
    error
        Error with AWS's code in its text.
    address
        s3://BUCKET/KEY; by default as the error has it.
    doing
        Verb of the message, for example read.
    """
    text = (str(error).strip() or repr(error)).splitlines()[0]
    found = _CODE.search(text)
    if found is None:
        return None
    code, named = found["code"], _OBJECT.search(text)
    address = address or (f"s3://{named['bucket']}/{named['key']}" if named else "S3")
    kind = S3ConnectionError if code == "NETWORK_CONNECTION" else S3Error
    got = text[found.start() :].rstrip(". ")
    return kind(f"expected to {doing} {address}, got: {got}. {_ADVICE.get(code, _OTHER)}")
