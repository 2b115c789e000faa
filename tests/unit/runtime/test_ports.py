import os
import socket

import pytest

from runtime.ports import LOOPBACK, PortTakenError, choose_port, free_port, is_free, is_open


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
