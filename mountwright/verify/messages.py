"""What the operator's process and a worker say to each other.

A worker is a process that runs pytest for one host after the other. It has no connection of its own: whatever its
tests run on a host goes back to the operator's process, which holds the one connection to that host. So passwords,
agents and known hosts stay where they are, and pytest can't disturb the program that it works for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from mountwright.duties import Duties
    from mountwright.errors import HostError
    from mountwright.transport import Completed
    from mountwright.verify.result import TestResult


@dataclass(frozen=True)
class Job:
    """To the worker: run the suite for this host."""

    duties: Duties


@dataclass(frozen=True)
class Run:
    """To the operator's process: run this program on the host. The answer is a Completed or a HostError."""

    program: str


@dataclass(frozen=True)
class Activity:
    """To the operator's process: this test is running now."""

    name: str


@dataclass(frozen=True)
class Done:
    """To the operator's process: pytest ended with this exit code."""

    exit_code: int


ToWorker: TypeAlias = "Job | Completed | HostError"
FromWorker: TypeAlias = "Run | Activity | TestResult | Done"
