"""The bytes under the connection."""

import contextlib
import socket
import subprocess
import sys
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


@pytest.mark.parametrize("order", [("127.0.0.2", "127.0.0.3"), ("127.0.0.3", "127.0.0.2")])
def test_every_address_of_a_name_is_tried(tmp_path, order):
    """A name with an address that refuses and one that answers is reachable, in whichever order they come."""
    (tmp_path / "hosts").write_text("".join(f"{address} both\n" for address in order))
    with socket.create_server(("127.0.0.2", 0)) as server:
        port = server.getsockname()[1]
        code = f"from mountwright.ssh.sockets import open_tcp; open_tcp('both', {port}, 5, dead_after=60)"
        # An /etc/hosts of its own, in a mount namespace that anybody may make.
        script = 'mount --bind "$1" /etc/hosts && exec "$2" -c "$3"'
        command = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
        done = subprocess.run(
            [*command, tmp_path / "hosts", sys.executable, code], capture_output=True, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_mute_address_is_given_up():
    """One sentence with the time that was waited."""
    with contextlib.ExitStack() as stack:
        # A listener whose queue is full answers nobody.
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = server.getsockname()[1]
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        with pytest.raises(UnreachableError) as caught:
            open_tcp("127.0.0.1", port, 0.1, dead_after=60)
    assert caught.value.message == (
        f"127.0.0.1 port {port}: no answer within 0.1 s; is it up, and does a firewall let us through?"
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
