"""testinfra's way to a host, led over a connection that somebody else holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from testinfra.backend.base import BaseBackend, CommandResult

from mountwright.shell import quote

if TYPE_CHECKING:
    from collections.abc import Callable

    from mountwright.transport import Completed

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class SharedConnection(BaseBackend):  # type: ignore[misc]  # testinfra has no types that mypy sees
    """A backend of testinfra whose commands are handed to ``run_program`` (see :class:`Transport`)."""

    NAME = "mountwright"

    def __init__(self, hostname: str, run_program: Callable[[str], Completed]) -> None:
        super().__init__(hostname)
        self._run_program = run_program
        # Else testinfra would ask Python on the host, which has none.
        self._encoding = "UTF-8"

    def run(self, command: str, *args: str, **_kwargs: Any) -> CommandResult:
        """Run a command; each ``%s`` in it is replaced by one of ``args``, quoted."""
        text = self.get_command(command, *args)
        done = self._run_program(program(text))
        return self.result(done.exit_code, self.encode(text), done.stdout, done.stderr)

    def decode(self, data: bytes) -> str:
        """Decode what a host said; bytes that are no UTF-8 are kept as surrogates."""
        return data.decode("utf-8", "surrogateescape")

    def encode(self, data: str) -> bytes:
        """Undo :meth:`decode`."""
        return data.encode("utf-8", "surrogateescape")


def program(command: str) -> str:
    """Return the whole program for a command: the locale C, an empty stdin, a PATH with the system's programs.

    The command becomes one argument of another shell, so that a syntax error in it can't reach the lines around.
    """
    return f"LC_ALL=C PATH={_PATH}\nexport LC_ALL PATH\nexec sh -c {quote(command)} </dev/null\n"
