"""The bytes under an SSH connection: a TCP socket, or the standard streams of a ProxyCommand."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import subprocess
import tempfile

from mountwright.errors import UnreachableError

_UNROUTED = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.ENETDOWN, errno.EHOSTDOWN)


def open_tcp(host: str, port: int, timeout: float, *, dead_after: float) -> socket.socket:
    """Connect to ``host`` (a name or an address), trying each of its addresses for ``timeout`` seconds.

    A peer that acknowledges nothing for ``dead_after`` seconds is given up by the kernel, where it can do that.
    Raises UnreachableError with one sentence.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
        raise UnreachableError(
            f"the name {host} can't be resolved ({reason}); correct the host's address, or give ansible_host"
        ) from None
    problem_of_last: OSError | None = None
    for family, kind, protocol, _name, address in found:
        tcp = socket.socket(family, kind, protocol)
        try:
            tcp.settimeout(timeout)
            tcp.connect(address)
            # Small packets go to and fro: Nagle's algorithm would hold each back for the acknowledgement of the last.
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            if hasattr(socket, "TCP_USER_TIMEOUT"):
                tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(dead_after * 1000))
        except OSError as problem:
            tcp.close()
            problem_of_last = problem
        else:
            return tcp
    raise UnreachableError(_tcp_problem(host, port, problem_of_last, timeout))


def _tcp_problem(host: str, port: int, problem: OSError | None, timeout: float) -> str:
    if isinstance(problem, ConnectionRefusedError):
        return f"{host} port {port}: connection refused; see that sshd runs there and listens on that port"
    if isinstance(problem, TimeoutError):
        return f"{host} port {port}: no answer within {timeout:g} s; is it up, and does a firewall let us through?"
    if problem is not None and problem.errno in _UNROUTED:
        return f"{host} port {port}: no route ({problem.strerror}); see the network, or jump through a bastion"
    return f"{host} port {port}: no connection ({problem})"


def handshake_problem(problem: str, seconds: float, timeout: float) -> str:
    """Say for a person why the SSH handshake failed after so many seconds; ``problem`` is Paramiko's text."""
    if seconds >= timeout:
        return f"the SSH handshake was not done within {timeout:g} s; is this an SSH port, and is sshd overloaded?"
    if not problem or problem.startswith("Error reading SSH protocol banner"):
        return (
            "the server closed the connection in the handshake; it may be too busy (MaxStartups in its sshd_config), "
            "refuse our address, or be no SSH server"
        )
    return problem


class ProxyProcess:
    """A ProxyCommand whose standard streams carry the connection. ``socket`` is our end."""

    def __init__(self, command: str) -> None:
        self.command = command
        self.socket, theirs = socket.socketpair()
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
        with theirs:
            # The operator's own shell line, from ssh_config or the inventory, as ssh itself runs it. A session of
            # its own, so that its children can be ended with it.
            self._process = subprocess.Popen(
                ["sh", "-c", f"exec {command}"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._stderr,
                start_new_session=True,
            )

    def complaint(self) -> str:
        """Return why the command ended, as far as it said so; "" while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(0.2)  # its end is often seen on the socket first
        if self._process.poll() is None or self._stderr.closed:
            return ""
        size = self._stderr.seek(0, os.SEEK_END)
        self._stderr.seek(max(0, size - 4096))
        lines = self._stderr.read().decode("utf-8", "replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
        return f"ProxyCommand {self.command!r} ended with exit code {self._process.returncode}; it said: {said}"

    def close(self) -> None:
        """End the command and what it started; closing twice is fine."""
        self.socket.close()
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(1)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._stderr.close()
