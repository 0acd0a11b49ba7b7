"""Everything that Mountwright raises.

::

    MountwrightError                 what a person is told: never a traceback
    ├── InputError                   bad input, found before anything connects; carries Problems
    └── HostError                    one host's trouble: becomes its outcome, never ends the others
        ├── UnreachableError         no connection, no login
        │   ├── HostKeyError         the host key is unknown or has changed
        │   └── AuthenticationError  the server took none of our keys or passwords
        ├── BecomeError              logged in, but sudo refused
        ├── ConnectionLostError      the connection broke or fell silent while a script ran
        ├── ProbeError               what a host looks like could not be found out
        └── StepError                a step of the apply script failed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class MountwrightError(Exception):
    """Base of all errors that are reported to a person without a traceback."""


@dataclass(frozen=True, order=True)
class Problem:
    """One fault in the operator's input.

    ``source`` is the file as the operator would name it, ``line`` counts from 1 (0: not known), ``key`` is the
    path of the key inside the file (``nfs.exports[0].path``; empty: not about a key), ``message`` says what is
    wrong and what was expected.
    """

    source: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        where = f"{self.source}:{self.line}" if self.line else self.source
        return ": ".join(part for part in (where, self.key, self.message) if part)


class InputError(MountwrightError):
    """Bad input. ``problems`` holds every fault that was found, sorted by file and line."""

    def __init__(self, problems: Iterable[Problem] | Problem | str) -> None:
        if isinstance(problems, str):
            problems = Problem("", 0, "", problems)
        if isinstance(problems, Problem):
            problems = [problems]
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class HostError(MountwrightError):
    """One host's trouble.

    ``message`` is one sentence with what to do next; ``output`` the last lines that the host printed about it
    (bytes already decoded); ``resource`` the id of the resource it happened at, or "".
    """

    def __init__(self, message: str, *, output: Iterable[str] = (), resource: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.output = tuple(output)
        self.resource = resource


class UnreachableError(HostError):
    """No connection or no login could be had."""


class HostKeyError(UnreachableError):
    """The host key is unknown or is not the one that known_hosts has."""


class AuthenticationError(UnreachableError):
    """The server took none of the keys and passwords that were offered."""


class BecomeError(HostError):
    """Logged in, but could not become the user that the work needs (sudo refused)."""


class ConnectionLostError(HostError):
    """The connection broke, or the host fell silent, while a script ran."""


class ProbeError(HostError):
    """What the host looks like could not be found out; nothing is assumed in its place."""


class StepError(HostError):
    """A step of the apply script failed; the steps after it were not run."""
