"""Hosts with duties, and answers as their scripts would print them."""

from __future__ import annotations

import pytest

from mountwright.doctor.check import Answer
from mountwright.duties import DeclaredExport, Duties, NfsServer
from mountwright.resources.base import OperatingSystem

PORTS = (("mountd", 20048), ("statd", 32765), ("lockd", 32768))
DEBIAN = OperatingSystem("debian", "debian", "12", "Debian GNU/Linux 12 (bookworm)", "6.1.0-40-amd64")


@pytest.fixture
def export():
    """One export to a network."""
    return DeclaredExport("/srv/nfs/pv1", "nobody", "", "0777", (("10.0.0.0/24", ("rw", "sync")),))


@pytest.fixture
def server(export):
    """Duties of a server."""
    return Duties("nfs1", serves=NfsServer("nfs1", "10.0.0.1", (export,)), ports=PORTS)


@pytest.fixture
def node(export):
    """Duties of a node that mounts from nfs1 and maps RBD images."""
    return Duties("node1", mounts_from=(NfsServer("nfs1", "10.0.0.1", (export,)),), rbd=True, ports=PORTS)


@pytest.fixture
def answer():
    """Make an answer: rows as tuples, or the bytes that were printed."""

    def make(duties, *rows, os=DEBIAN, asked=(0.0, 0.0)):
        stdout = "".join("\t".join(map(str, row)) + "\n" for row in rows)
        return Answer(duties, os, stdout.encode("utf-8", "surrogateescape"), asked)

    return make
