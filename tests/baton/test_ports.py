"""Ports: fourteen in a row from a base, free ones when asked, and a taken one is named."""

import socket

import pytest

from baton.ports import WIDTH, Ports, PortTaken, is_taken


def test_every_port_follows_from_the_base() -> None:
    """The order is the documented one."""
    ports = Ports.of(9000)

    assert (ports.console, ports.temporal, ports.temporal_ui, ports.postgres) == (9000, 9001, 9002, 9003)
    assert (ports.orderdesk, ports.servicedesk, ports.smtp, ports.mail) == (9004, 9005, 9006, 9007)
    assert (ports.prefect, ports.temporal_metrics) == (9008, 9009)
    assert ports.fieldboard == 9010


def test_base_zero_finds_free_ports() -> None:
    """A base of 0 gives fourteen ports that nobody listens on."""
    ports = Ports.of(0)

    assert not any(is_taken(ports.base + offset) for offset in range(WIDTH))


def test_a_taken_port_is_named_with_its_part() -> None:
    """The refusal names port, part and the way out; a port that only others need is no trouble."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = Ports.of(taken.getsockname()[1])

        with pytest.raises(PortTaken, match=rf"Port {ports.base}, which the console needs.*--port-base"):
            ports.require_free({"console": "the console"})
        ports.require_free({})
