from __future__ import annotations

import socket

import psutil

from schemas.errors import UserError

LOOPBACK = "127.0.0.1"

_given: set[int] = set()


class PortTakenError(UserError):
    """A port that the settings name is held by another process."""


def is_free(port: int) -> bool:
    """Say whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the JVM does: TIME_WAIT is no obstacle
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def is_open(host: str, port: int, timeout_s: float = 0.5) -> bool:
    """Say whether somebody answers at this address."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return True
    except OSError:
        return False


def free_port() -> int:
    """Find a loopback port that nobody holds and that this process has not handed out before."""
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port


def choose_port(*, configured: int | None, preferred: int, setting: str) -> int:
    """Choose the port of a server.

    Parameters
    ----------
    configured
        The port that the user named, or None.
    preferred
        Taken if it is free and nothing is configured.
    setting
        Name of the setting, for the message.

    Raises
    ------
    PortTakenError
        When the configured port is taken; the message names its holder.
    """
    if configured is None:
        return preferred if is_free(preferred) else free_port()
    if not is_free(configured):
        raise PortTakenError(
            f"expected port {configured} (from {setting}) to be free, but it is held by "
            f"{holder_of(configured)}: stop that, choose another {setting}, or leave it out"
        )
    return configured


def holder_of(port: int) -> str:
    """Name the process that listens on a port, as far as this user may know."""
    try:
        sockets = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return "another process"
    for entry in sockets:
        if entry.status == psutil.CONN_LISTEN and entry.laddr and entry.laddr.port == port:
            if entry.pid is None:
                return "a process of another user"
            return _describe(entry.pid)
    return "another process"


def _describe(pid: int) -> str:
    try:
        process = psutil.Process(pid)
        command = " ".join(process.cmdline())[:80]
        return f"{process.name()} (pid {pid}: {command})"
    except psutil.Error:
        return f"pid {pid}"
