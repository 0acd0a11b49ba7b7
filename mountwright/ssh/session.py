"""One program on one SSH channel: stdin goes out while stdout and stderr come in."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from mountwright.errors import ConnectionLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mountwright.become import Conversation
    from mountwright.transport import Completed

_PIECE = 1 << 20
_SENT_AT_ONCE = 1 << 17  # bytes that surely fit into the socket's buffer
_GRACE = 2.0  # seconds for output to come after the program's end, when a daemon it started holds the pipes


class Channel(Protocol):
    """What of Paramiko's channel is used here."""

    in_buffer: Any
    in_stderr_buffer: Any
    status_event: threading.Event
    exit_status: int
    out_window_size: int
    closed: bool
    eof_received: int

    def recv_ready(self) -> bool: ...  # noqa: D102 - as in Paramiko's documentation
    def recv(self, nbytes: int) -> bytes: ...  # noqa: D102
    def recv_stderr_ready(self) -> bool: ...  # noqa: D102
    def recv_stderr(self, nbytes: int) -> bytes: ...  # noqa: D102
    def sendall(self, s: bytes) -> None: ...  # noqa: D102
    def shutdown_write(self) -> None: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class Link(Protocol):
    """The connection that the channel is on."""

    keepalive: float
    keepalive_misses: int
    where: str

    def heard(self) -> float:
        """When the last packet came (time.monotonic())."""

    def ping(self) -> None:
        """Ask the server for any answer."""

    def is_active(self) -> bool:
        """Whether the connection is up as far as is known."""


class _Alarm(threading.Event):
    """An event that others ring and only we silence: Paramiko's buffers would clear it when one of them is empty."""

    def clear(self) -> None:
        """Keep ringing."""

    def silence(self) -> None:
        super().clear()


class BoundedEvent(threading.Event):
    """An event that isn't waited for without end."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for ``timeout``, or for the ``seconds`` of the event. Raises TimeoutError."""
        if not super().wait(self.seconds if timeout is None else timeout):
            raise TimeoutError(f"no answer within {self.seconds:g} s")
        return True


class Session:
    """Runs one program on a channel on which the bootstrap has been executed."""

    def __init__(
        self,
        channel: Channel,
        link: Link,
        conversation: Conversation,
        on_stdout: Callable[[bytes], None] | None,
        silence: float,
    ) -> None:
        self.channel = channel
        self.link = link
        self.conversation = conversation
        self.on_stdout = on_stdout
        self.silence = silence
        self.output = bytearray()
        self.alarm = _Alarm()
        self.sender: threading.Thread | None = None
        self.pings = 0

    def run(self) -> Completed:
        """Return the program's result. Raises BecomeError, ConnectionLostError."""
        channel = self.channel
        channel.in_buffer.set_event(self.alarm)
        channel.in_stderr_buffer.set_event(self.alarm)
        channel.status_event = self.alarm
        following = self.conversation.following
        self.send(self.conversation.opening, last=not following)
        moved = time.monotonic()
        while True:
            self.alarm.silence()
            ended = channel.closed or (channel.eof_received and channel.exit_status >= 0)
            if self.drain():
                moved = time.monotonic()
                if following and (self.conversation.begun or self.conversation.password_refused):
                    self.send(following if self.conversation.begun else b"", last=True)
                    following = b""
            elif ended:
                break
            else:
                quiet = time.monotonic() - moved
                if channel.exit_status >= 0 and quiet >= _GRACE:
                    break
                self.wait(quiet)
        return self.result()

    def result(self) -> Completed:
        """Return what came of the program once nothing more will come."""
        status = self.channel.exit_status
        if status < 0 and not self.link.is_active():
            raise ConnectionLostError(f"{self.link.where}: the connection broke while the program ran; run again")
        completed = self.conversation.completed(status, bytes(self.output))
        if status < 0:
            raise ConnectionLostError(f"{self.link.where}: the program was killed on the host; run again")
        return completed

    def drain(self) -> bool:
        """Take what has come; return whether there was any."""
        channel, moved = self.channel, False
        while channel.recv_ready():
            moved = True
            if data := self.conversation.stdout(channel.recv(_PIECE)):
                self.output += data
                if self.on_stdout:
                    self.on_stdout(data)
        while channel.recv_stderr_ready():
            moved = True
            self.conversation.stderr(channel.recv_stderr(_PIECE))
        return moved

    def wait(self, quiet: float) -> None:
        """Wait for something to come. Raises ConnectionLostError when nothing has for too long."""
        link = self.link
        if self.channel.exit_status >= 0:
            self.alarm.wait(_GRACE - quiet)
            return
        left = self.silence - quiet
        if left <= 0:
            raise ConnectionLostError(
                f"{link.where}: no output for {self.silence:g} s, which is longer than the program should take; see "
                "what hangs on the host, then run again"
            )
        if not link.keepalive:
            self.alarm.wait(left)
            return
        unheard = time.monotonic() - link.heard()
        if unheard < link.keepalive:
            self.pings = 0
        elif unheard >= link.keepalive * (self.pings + 1):
            if self.pings >= link.keepalive_misses:
                raise ConnectionLostError(
                    f"{link.where}: the host has answered nothing for {unheard:.0f} s; see whether it is up, then "
                    "run again"
                )
            self.pings += 1
            if self.sender is None or not self.sender.is_alive():  # its lock on the socket would hold us too
                link.ping()
        self.alarm.wait(min(left, max(0.05, link.keepalive * (self.pings + 1) - unheard)))

    def send(self, data: bytes, *, last: bool) -> None:
        """Write to stdin; what may block is written by another thread, while we go on reading."""
        if len(data) <= min(_SENT_AT_ONCE, self.channel.out_window_size):
            self.write(data, last=last)
        else:
            self.sender = threading.Thread(target=self.write, args=(data,), kwargs={"last": last}, daemon=True)
            self.sender.start()

    def write(self, data: bytes, *, last: bool) -> None:
        """Write to stdin, and end it after the ``last`` piece."""
        # A program may end, or the connection break, before all was written: its exit or our reading says so.
        with contextlib.suppress(OSError, EOFError):
            if data:
                self.channel.sendall(data)
            if last:
                self.channel.shutdown_write()
