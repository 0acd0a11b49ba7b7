"""Ports and addresses of the lab's machines and clusters, and whether a machine's sshd answers."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from typing import TYPE_CHECKING

from tests.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

LAN = ipaddress.IPv4Network("10.77.0.0/24")
"""The network between the virtual machines of one lab. It exists in QEMU only, so each lab has the same."""

LAN_GROUP = "230.0.0.1"
"""The multicast group through which the machines of a LAN send to each other; its packets stay on 127.0.0.1."""

SSH_PORTS = range(22210, 22400)
LAN_PORTS = range(17700, 17900)
CLUSTER_PORTS = range(16400, 16700)


def lan_address(index: int) -> str:
    """The address on the LAN of the lab's machine ``index``, from 0."""
    return str(LAN.network_address + 11 + index)


def free_ssh_port(taken: Collection[int]) -> int:
    """A TCP port on 127.0.0.1 that is neither ``taken`` nor in use; LabError when there is none."""

    def occupy(port: int) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a connection that has just ended is no user
            probe.bind(("127.0.0.1", port))

    return _first(SSH_PORTS, taken, occupy)


def free_lan_port(taken: Collection[int]) -> int:
    """A UDP port for a LAN of its own, also apart from those of other users; LabError when there is none."""

    def occupy(port: int) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((LAN_GROUP, port))

    return _first(LAN_PORTS, taken, occupy)


def free_cluster_port(taken: Collection[int]) -> int:
    """A TCP port of this box that is neither ``taken`` nor in use on any address; LabError when there is none."""

    def occupy(port: int) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as above
            probe.bind(("", port))

    return _first(CLUSTER_PORTS, taken, occupy)


def _first(ports: range, taken: Collection[int], occupy: Callable[[int], None]) -> int:
    for port in ports:
        if port not in taken:
            with contextlib.suppress(OSError):
                occupy(port)
                return port
    raise LabError(f"all ports from {ports[0]} to {ports[-1]} are in use; end labs that are left over: inv lab.down")


def answers_as_ssh(port: int) -> bool:
    """Whether an SSH server speaks on this port of 127.0.0.1; waits for its first words at most 2 s."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
