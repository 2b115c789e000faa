"""HTTP server of the API and the console."""

import asyncio
import gc
import resource
import socket
import sys
from typing import cast

import uvicorn
from fastapi import FastAPI

from fraudstream.api.connection import ConnectionLimits
from fraudstream.settings.listener_settings import ListenerSettings
from schemas.errors import UserError

OTHER_DESCRIPTORS = 200
"""Open files and sockets of a server besides its connections: Kafka, pages, figures."""


def listen(host: str, port: int) -> socket.socket:
    """Open the port before anything else: a port in use is reported at once.

    Raises
    ------
    UserError
        It can't be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
    except OSError as error:
        opened.close()
        raise UserError(f"expected to listen on {host}:{port}, but: {error.strerror}: choose another --port") from None
    return opened


def serve(app: FastAPI, opened: socket.socket, settings: ListenerSettings) -> None:
    """Answer requests until Ctrl-C; those that are open then are answered first.

    One process: the answers to what it sent are remembered here. More throughput is more of them behind a load
    balancer that keeps a transaction_id to one; the job itself scores an id once, from any sender.
    """
    # The readers' threads must not hold up a request for Python's usual 5 ms, nor requests an answer.
    sys.setswitchinterval(0.0005)
    server = create_server(app, settings)
    # An answer that has no end, as the console's events, asks for it, and ends then.
    app.state.is_ending = lambda: server.should_exit
    # What is loaded stays: the garbage collector need not traverse it each time, a tenth of a second.
    gc.collect()
    gc.freeze()
    server.run(sockets=[opened])


def create_server(app: FastAPI, settings: ListenerSettings) -> uvicorn.Server:
    """Return the server of an application, with limits that keep slow clients from locking others out."""
    limits = ConnectionLimits(
        max_connections=min(settings.max_connections, _free_descriptors(settings.max_connections)),
        head_timeout_s=settings.head_timeout_s,
        send_timeout_s=settings.send_timeout_s,
    )
    # uvicorn calls what makes a connection; that it is a class is its type hint alone.
    protocol = cast("type[asyncio.Protocol]", limits.protocol)
    config = uvicorn.Config(
        app, loop="uvloop", http=protocol, lifespan="on", access_log=False, log_level="warning", server_header=False,
        timeout_graceful_shutdown=15, ws="none",
    )  # fmt: skip
    return uvicorn.Server(config)


def _free_descriptors(wanted: int) -> int:
    """Return how many connections the process may have open, after raising its own limit as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted + OTHER_DESCRIPTORS:
        needed = wanted + OTHER_DESCRIPTORS
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    # At the system's limit none could be accepted, not even to make room for it.
    return wanted if soft == resource.RLIM_INFINITY else max(1, soft - OTHER_DESCRIPTORS)
