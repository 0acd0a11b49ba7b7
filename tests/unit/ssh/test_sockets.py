"""The bytes under the connection."""

import socket
import time
from pathlib import Path

import pytest

from mountwright.errors import UnreachableError
from mountwright.ssh.sockets import ProxyProcess, open_tcp


def test_packets_are_not_held_back():
    """Nagle's algorithm costs tens of milliseconds each time; a peer that is gone must be noticed."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        open_tcp("127.0.0.1", server.getsockname()[1], 5, dead_after=60) as tcp,
    ):
        assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        assert tcp.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            assert tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000


def test_every_address_of_a_name_is_tried(monkeypatch):
    """A name with an address that refuses and one that answers is reachable."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in ("127.0.0.2", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: answers)
        open_tcp("both", port, 5, dead_after=60).close()


def test_a_mute_address_is_given_up(monkeypatch):
    """One sentence with the time that was waited."""

    def never(_self, _address):
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket.socket, "connect", never)
    with pytest.raises(UnreachableError) as caught:
        open_tcp("127.0.0.1", 22, 0.1, dead_after=60)
    assert caught.value.message == (
        "127.0.0.1 port 22: no answer within 0.1 s; is it up, and does a firewall let us through?"
    )


def runs(pid):
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_a_proxy_command_ends_with_its_connection():
    """Its children too: none is left over."""
    proxy = ProxyProcess("sh -c 'echo $$; sleep 100 & echo $!; wait'")
    with proxy.socket.makefile() as lines:
        pids = [int(lines.readline()), int(lines.readline())]
    assert proxy.complaint() == ""
    proxy.close()
    proxy.close()
    deadline = time.monotonic() + 5  # a killed process may still be on its way out
    while any(runs(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.01)
