"""Programs on the operator's own machine (``ansible_connection: local``), with the same contract as over SSH."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from typing import IO, TYPE_CHECKING, cast

from mountwright.become import BOOTSTRAP, Becoming
from mountwright.errors import ConnectionLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mountwright.become import Conversation
    from mountwright.secret import Secret
    from mountwright.transport import Completed

_PIECE = 1 << 16
_POLL = 0.2
_GRACE = 2.0  # seconds for output to come after the program's end, when a daemon it started holds the pipes


class LocalTransport:
    """Implements :class:`mountwright.transport.Transport` with subprocesses.

    ``become_user`` None means to stay who we are.
    """

    def __init__(self, *, become_user: str | None = None, become_password: Secret | None = None) -> None:
        self._becoming = Becoming(become_user, become_password)
        self._running: subprocess.Popen[bytes] | None = None

    def run(
        self,
        program: str,
        *,
        on_stdout: Callable[[bytes], None] | None = None,
        silence: float = 120.0,
    ) -> Completed:
        """Run ``program``; see :meth:`mountwright.transport.Transport.run`."""
        conversation = self._becoming.conversation(program)
        # A session of its own: the operator's Ctrl-C is for us to handle, not for a half-done step.
        process = subprocess.Popen(
            ["sh", "-c", BOOTSTRAP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._running = process
        try:
            completed = _Pump(process, conversation, on_stdout, silence).run()
        finally:
            self._running = None
            _kill(process)
            for pipe in filter(None, (process.stdin, process.stdout, process.stderr)):
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        self._becoming.trusted = True
        return completed

    def close(self) -> None:
        """End what is still running; closing twice is fine."""
        if self._running is not None:
            _kill(self._running)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it started, if it still runs, and take its exit code off the system."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class _Pump:
    """Writes stdin and reads both outputs at the same time, so that no full pipe stops the other."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        conversation: Conversation,
        on_stdout: Callable[[bytes], None] | None,
        silence: float,
    ) -> None:
        self.process = process
        self.stdin, self.stdout, self.stderr = (
            cast("IO[bytes]", pipe) for pipe in (process.stdin, process.stdout, process.stderr)
        )
        self.conversation = conversation
        self.on_stdout = on_stdout
        self.silence = silence
        self.selector = selectors.DefaultSelector()
        self.pending = memoryview(conversation.opening)
        self.following = conversation.following
        self.output = bytearray()
        self.heard = time.monotonic()

    def run(self) -> Completed:
        """Return the program's result, or raise why there is none."""
        for pipe in (self.stdin, self.stdout, self.stderr):
            os.set_blocking(pipe.fileno(), False)
        with self.selector:
            self.selector.register(self.stdin, selectors.EVENT_WRITE)
            self.selector.register(self.stdout, selectors.EVENT_READ)
            self.selector.register(self.stderr, selectors.EVENT_READ)
            while self.outputs_open() and not self.ended_and_quiet():
                for key, _events in self.selector.select(_POLL):
                    self.move(key.fileobj)
                self.go_on()
        with contextlib.suppress(BrokenPipeError):
            self.stdin.close()
        try:
            exit_code = self.process.wait(self.silence)
        except subprocess.TimeoutExpired:
            raise self.fell_silent() from None
        return self.conversation.completed(exit_code, bytes(self.output))

    def outputs_open(self) -> bool:
        return any(key.events & selectors.EVENT_READ for key in self.selector.get_map().values())

    def ended_and_quiet(self) -> bool:
        quiet = time.monotonic() - self.heard
        if self.process.poll() is not None:
            return quiet > _GRACE
        if quiet > self.silence:
            raise self.fell_silent()
        return False

    def fell_silent(self) -> ConnectionLostError:
        return ConnectionLostError(
            f"the program was ended: it printed nothing for {self.silence:g} s, which is longer than it should take"
        )

    def move(self, pipe: object) -> None:
        """Write or read what one pipe takes or has now."""
        if pipe is self.stdin:
            self.write()
        elif pipe is self.stderr:
            self.conversation.stderr(self.read(self.stderr))
        elif data := self.conversation.stdout(self.read(self.stdout)):
            self.output += data
            if self.on_stdout:
                self.on_stdout(data)

    def read(self, pipe: IO[bytes]) -> bytes:
        data = os.read(pipe.fileno(), _PIECE)
        if data:
            self.heard = time.monotonic()
        else:
            self.selector.unregister(pipe)
        return data

    def write(self) -> None:
        try:
            written = os.write(self.stdin.fileno(), self.pending[:_PIECE])
        except BrokenPipeError:  # it ended without reading all: its exit code says why
            self.following = b""
            written = len(self.pending)
        self.pending = self.pending[written:]
        if not self.pending:
            self.selector.unregister(self.stdin)
            if not self.following:
                self.stdin.close()

    def go_on(self) -> None:
        """Send the program once the password has been taken; end stdin when it was refused."""
        if self.pending or not self.following:
            return
        if self.conversation.begun:
            self.pending, self.following = memoryview(self.following), b""
            self.selector.register(self.stdin, selectors.EVENT_WRITE)
        elif self.conversation.password_refused:
            self.following = b""
            self.stdin.close()
