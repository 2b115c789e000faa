"""Name by which a request calls this machine."""

import re
from http import HTTPStatus

from fastapi import Request

from fraudstream.api.problem import SHOWN_CHARACTERS, ProblemError
from fraudstream.settings.server_settings import LOOPBACK_NAMES

MAX_PORT = 65_535
_HOST = re.compile(r"(?P<name>[^:\[\]]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{0,5}))?")
_NAMES = {f"[{name}]" if ":" in name else name for name in LOOPBACK_NAMES}


def require_loopback_name(request: Request, what_to_do: str) -> str:
    """Return the loopback name in a request's Host header.

    The header itself is read. `request.url` is no use here: of a Host that it can't parse it makes the address that the
    server listens on, which is a loopback name with any header of the client.

    Raises
    ------
    ProblemError
        There is none, several, or another name (421): a web page may have pointed its own name at this machine.
    """
    given = [value.decode("latin-1") for name, value in request.scope["headers"] if name == b"host"]
    name = _name(given[0]) if len(given) == 1 else ""
    if name not in _NAMES:
        raise ProblemError(
            HTTPStatus.MISDIRECTED_REQUEST,
            expected="127.0.0.1 or localhost as Host, as this server asks for no token",
            was=" and ".join(ascii(value)[1:-1] for value in given)[:SHOWN_CHARACTERS] or "none",
            what_to_do=what_to_do,
        )
    return name


def _name(header: str) -> str:
    """Return the name without its port, in lower case; empty where the header is not of that form."""
    found = _HOST.fullmatch(header)
    if found is None or int(found["port"] or 0) > MAX_PORT:
        return ""
    return found["name"].lower()
