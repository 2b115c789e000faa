"""Allocation of loopback ports."""

import random
import socket
from pathlib import Path

import psutil

from fraudstream.system.deadline import wait_until
from schemas.errors import UserError

LOOPBACK = "127.0.0.1"

RELEASE_SECONDS = 10.0
CLIENT_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")

_given: set[int] = set()
_chance = random.SystemRandom()


def is_free(port: int) -> bool:
    """Return whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # like the JVM: ignore TIME_WAIT
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def is_open(host: str, port: int, timeout_s: float = 0.5) -> bool:
    """Return whether a server answers at this address."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return True
    except OSError:
        return False


def free_port() -> int:
    """Return a free loopback port that this process has not returned before.

    It is below the ephemeral range: a server that restarts must find its port free, while its clients keep reconnecting
    and the system could assign one of them that very port.
    """
    highest = min(32_767, _lowest_client_port() - 1)
    while True:
        port = _chance.randint(10_000, highest)
        if port not in _given and is_free(port):
            _given.add(port)
            return port


def _lowest_client_port() -> int:
    try:
        return int(CLIENT_PORTS.read_text().split()[0])
    except (OSError, ValueError):
        return 32_768


def choose_port(*, configured: int | None, preferred: int, setting: str) -> int:
    """Return the port for a server.

    Parameters
    ----------
    configured
        Configured port, or None.
    preferred
        Used if it is free and none is configured.
    setting
        Name of the setting, for the message.

    Raises
    ------
    UserError
        The configured port is in use; the message names the process.
    """
    if configured is None:
        return preferred if is_free(preferred) else free_port()
    if not is_free(configured):
        raise UserError(
            f"expected port {configured} (from {setting}) to be free, but it is held by "
            f"{holder_of(configured)}: stop that, choose another {setting}, or leave it out"
        )
    return configured


def await_free(port: int, whose: str) -> None:
    """Wait until a server can restart at its previous port.

    A killed process may hold the port for a moment, until its last thread has ended.

    Raises
    ------
    UserError
        Another process holds it.
    """
    if not wait_until(lambda: is_free(port), seconds=RELEASE_SECONDS):
        raise UserError(
            f"expected port {port} to be free for {whose}, which had it before it died, but it is held by "
            f"{holder_of(port)}: stop that, or give up the old port: `fraudstream down`, then `fraudstream up`"
        )


def holder_of(port: int) -> str:
    """Describe the process that listens on a port, as far as this user may see it."""
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
