"""Choice of ports."""

import os
import socket

import pytest

from fraudstream.system import ports
from fraudstream.system.ports import LOOPBACK, await_free, choose_port, free_port, is_free, is_open
from schemas.errors import UserError


@pytest.fixture
def used_port():
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        yield server.getsockname()[1]


def test_preferred_port_is_chosen_if_free():
    port = free_port()
    assert choose_port(configured=None, preferred=port, setting="kafka.port") == port


def test_another_port_is_chosen_if_the_preferred_is_in_use(used_port):
    port = choose_port(configured=None, preferred=used_port, setting="kafka.port")
    assert port != used_port
    assert is_free(port)


def test_configured_port_in_use_is_reported_with_its_holder(used_port):
    with pytest.raises(UserError, match=rf"kafka\.port.*pid {os.getpid()}"):
        choose_port(configured=used_port, preferred=1, setting="kafka.port")


def test_open_port_is_not_free(used_port):
    assert is_open(LOOPBACK, used_port)
    assert not is_free(used_port)


def test_free_ports_differ():
    assert len({free_port() for _ in range(20)}) == 20


def test_free_ports_are_outside_the_ephemeral_range():
    lowest = int(ports.CLIENT_PORTS.read_text().split()[0])
    assert all(free_port() < lowest for _ in range(20))


def test_port_of_a_dead_server_that_another_process_holds_is_refused(used_port, monkeypatch):
    monkeypatch.setattr(ports, "RELEASE_SECONDS", 0.0)
    with pytest.raises(UserError, match=rf"free for the broker, .*pid {os.getpid()}.*fraudstream down"):
        await_free(used_port, "the broker")


def test_free_port_is_not_awaited():
    await_free(free_port(), "the broker")
