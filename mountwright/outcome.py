"""What came of a host, as data; and the events on the way there."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mountwright.errors import HostError


class Status(str, enum.Enum):
    """How a host ended; the values are those of the JSON report."""

    UNCHANGED = "unchanged"
    PLANNED = "planned"
    CHANGED = "changed"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class ChangeRecord:
    """One change as the report shows it. ``diff`` is a unified diff, or "" where the summary says it all."""

    resource: str
    summary: str
    diff: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class HostOutcome:
    """What came of one host.

    ``changes`` are those that would be made (planned) or that were made (changed; failed: the ones done before the
    failure). ``error`` is set exactly for failed and unreachable. ``reason`` says why a host was skipped.
    ``seconds`` is wall time. ``remarks`` is what the operator should know though nothing has to change for it.
    """

    host: str
    status: Status
    changes: tuple[ChangeRecord, ...] = ()
    error: HostError | None = None
    seconds: float = 0.0
    reason: str = ""
    remarks: tuple[str, ...] = ()


class Listener(Protocol):
    """Hears of events while hosts are worked on. Called from many threads; must not block for long or raise."""

    def host_started(self, host: str) -> None:
        """The host's turn has come: it is being connected to."""

    def host_activity(self, host: str, activity: str) -> None:
        """What the host is busy with now ("probing", "waiting for the storage servers", "install nfs-common")."""

    def change_done(self, host: str, change: ChangeRecord) -> None:
        """One change has been made."""

    def host_finished(self, outcome: HostOutcome) -> None:
        """The host is done, one way or the other."""


class Silence:
    """A listener that hears nothing."""

    def host_started(self, host: str) -> None:
        """Hear nothing."""

    def host_activity(self, host: str, activity: str) -> None:
        """Hear nothing."""

    def change_done(self, host: str, change: ChangeRecord) -> None:
        """Hear nothing."""

    def host_finished(self, outcome: HostOutcome) -> None:
        """Hear nothing."""
