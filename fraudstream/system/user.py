from __future__ import annotations

import getpass
import os
import socket


def user() -> str:
    """Say who runs this, and where."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        name = f"uid {os.getuid()}"
    return f"{name}@{socket.gethostname()}"
