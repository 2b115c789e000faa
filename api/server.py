from __future__ import annotations

import gc
import socket
import sys

import uvicorn
from fastapi import FastAPI

from schemas.errors import UserError


def listen(host: str, port: int) -> socket.socket:
    """Open the port before anything else is: who it is taken by is known at once.

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


def serve(app: FastAPI, opened: socket.socket) -> None:
    """Answer requests until Ctrl-C; those that are open then are answered first.

    One process: the answers to what it sent are remembered here. More throughput is more of them behind a load
    balancer that keeps a transaction_id to one; the job itself scores an id once whoever sends it.
    """
    # The readers' threads must not hold up a request for Python's usual 5 ms, nor requests an answer.
    sys.setswitchinterval(0.0005)
    settings = uvicorn.Config(
        app, loop="uvloop", http="httptools", lifespan="on", access_log=False, log_level="warning", server_header=False,
        timeout_graceful_shutdown=15, ws="none",
    )  # fmt: skip
    server = uvicorn.Server(settings)
    # An answer that has no end, as the console's events, asks for it, and ends then.
    app.state.is_ending = lambda: server.should_exit
    # What is loaded stays: the collector need not look through it again and again, a tenth of a second each time.
    gc.collect()
    gc.freeze()
    server.run(sockets=[opened])
