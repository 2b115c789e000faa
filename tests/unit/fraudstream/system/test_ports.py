import os
import socket

import pytest

from fraudstream.system import ports
from fraudstream.system.ports import LOOPBACK, PortTakenError, await_free, choose_port, free_port, is_free, is_open


@pytest.fixture
def taken():
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        yield server.getsockname()[1]


def test_preferred_port_is_taken_when_free():
    port = free_port()
    assert choose_port(configured=None, preferred=port, setting="kafka.port") == port


def test_another_port_is_chosen_when_the_preferred_is_taken(taken):
    port = choose_port(configured=None, preferred=taken, setting="kafka.port")
    assert port != taken
    assert is_free(port)


def test_configured_port_that_is_taken_names_its_holder(taken):
    with pytest.raises(PortTakenError, match=rf"kafka\.port.*pid {os.getpid()}"):
        choose_port(configured=taken, preferred=1, setting="kafka.port")


def test_open_port_is_not_free(taken):
    assert is_open(LOOPBACK, taken)
    assert not is_free(taken)


def test_free_ports_differ():
    assert len({free_port() for _ in range(20)}) == 20


def test_free_ports_are_none_that_the_system_gives_to_clients():
    lowest = int(ports.CLIENT_PORTS.read_text().split()[0])
    assert all(free_port() < lowest for _ in range(20))


def test_port_of_a_dead_server_that_another_holds_is_refused(taken, monkeypatch):
    monkeypatch.setattr(ports, "RELEASE_SECONDS", 0.0)
    with pytest.raises(PortTakenError, match=rf"free for the broker, .*pid {os.getpid()}.*fraudstream down"):
        await_free(taken, "the broker")


def test_port_that_is_free_is_not_waited_for():
    await_free(free_port(), "the broker")
