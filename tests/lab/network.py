"""Ports and addresses of the lab's virtual machines, and whether a machine's sshd answers."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from typing import TYPE_CHECKING

from tests.lab.bridge import LabError

if TYPE_CHECKING:
    from collections.abc import Collection

LAN = ipaddress.IPv4Network("10.77.0.0/24")
"""The network between the virtual machines of one lab. It exists in QEMU only, so each lab has the same."""

SSH_PORTS = range(22210, 22400)
LAN_PORTS = range(17700, 17900)


def lan_address(index: int) -> str:
    """The address on the LAN of the lab's machine ``index``, from 0."""
    return str(LAN.network_address + 11 + index)


def free_port(ports: range, taken: Collection[int], *, kind: socket.SocketKind) -> int:
    """The first port on 127.0.0.1 that is neither ``taken`` nor in use; LabError when there is none."""
    for port in ports:
        if port in taken:
            continue
        with socket.socket(socket.AF_INET, kind) as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a connection that has just ended is no user
            probe.bind(("127.0.0.1", port))
            return port
    raise LabError(f"all ports from {ports[0]} to {ports[-1]} are in use; end labs that are left over: inv lab.down")


def answers_as_ssh(port: int) -> bool:
    """Whether an SSH server speaks on this port of 127.0.0.1; waits for its first words at most 2 s."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
