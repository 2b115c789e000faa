"""Identity of the current user."""

import getpass
import os
import socket


def user() -> str:
    """Return the user and host of this process, as `name@host`."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        name = f"uid {os.getuid()}"
    return f"{name}@{socket.gethostname()}"
