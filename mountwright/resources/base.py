"""What a resource is: something that a host should have, how to look at it and how to bring it about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mountwright.errors import ProbeError

if TYPE_CHECKING:
    from mountwright.shell import Script

ABSENT = 100
"""Exit code by which a probe says that the thing does not exist."""


@dataclass(frozen=True)
class OperatingSystem:
    """What the host is, as found by the engine's own part of each probe.

    ``family`` is ``debian``, ``redhat``, ``suse`` or ``other``; ``id`` and ``version`` are ``ID`` and
    ``VERSION_ID`` of os-release(5); ``name`` its ``PRETTY_NAME``; ``kernel`` is ``uname -r``; ``systemd`` says
    whether systemd is PID 1 (``/run/systemd/system`` exists, sd_booted(3)).
    """

    family: str
    id: str = ""
    version: str = ""
    name: str = ""
    kernel: str = ""
    systemd: bool = True


@dataclass(frozen=True)
class Observed:
    """What a probe saw: the thing is present (with what it printed) or absent.

    A probe says so by its exit code: 0 is present, :data:`ABSENT` is absent; any other code means unknown, which
    the engine turns into the host's failure before any plan is made. So ``plan`` never sees an unknown.
    """

    present: bool
    stdout: bytes = b""

    @property
    def text(self) -> str:
        """What the probe printed, decoded as UTF-8; bytes that aren't are kept as surrogates."""
        return self.stdout.decode("utf-8", "surrogateescape")

    @property
    def fields(self) -> dict[str, str]:
        """The lines ``key=value`` that the probe printed. Later lines win; other lines raise ProbeError."""
        found: dict[str, str] = {}
        for line in self.text.splitlines():
            key, equals, value = line.partition("=")
            if not equals:
                raise ProbeError(f"the probe printed a line that is no key=value: {line!r}")
            found[key] = value
        return found


@dataclass(frozen=True)
class Change:
    """How a host is to be changed so that one resource is as declared.

    ``summary`` is one line in the present tense for the report ("install nfs-common", "mode 0644 -> 0600").
    ``before`` and ``after`` are the texts that a unified diff is made of (None: does not exist); both None: the
    summary says it all. Neither holds a secret in the clear.
    ``script`` brings it about; its exit code 0 means done. It must be safe to run again after having been cut off
    at any point.
    ``settle_first``: after this change the host may look different in other places (a package's install script
    writes files and starts services), so the engine looks again before it goes on with later changes.
    ``silence`` is how many seconds the script may take.
    ``batch``: changes that follow one another with the same word here are brought about by one run of the first one's
    script, which gets the arguments of all. It calls ``item_done NAME`` for each that is done: the one whose ``item``
    is NAME.
    ``rehearsal`` tries changes without making them; its exit code 0 means that they would succeed. Changes with the
    same rehearsal share one run of it, which gets the arguments of all their scripts; all rehearsals come before the
    first change, so that one that would fail leaves nothing half-done.
    """

    summary: str
    script: Script
    before: str | None = None
    after: str | None = None
    settle_first: bool = False
    silence: float = 120.0
    notes: tuple[str, ...] = field(default=())
    batch: str = ""
    item: str = ""
    rehearsal: Script | None = None


@dataclass(frozen=True)
class Remark:
    """What the operator should know of a resource that needs no change: lines for the report."""

    lines: tuple[str, ...]


class Resource(Protocol):
    """Something that a host should have. Immutable; both methods are pure."""

    @property
    def id(self) -> str:
        """``kind:name``, unique on a host, as the report shows it (``file:/etc/exports``)."""

    def probe(self) -> Script:
        """Return the script that looks at the host and changes nothing.

        It prints to stdout what :meth:`plan` needs, and exits 0 (present), :data:`ABSENT`, or anything else with
        a reason on stderr when it can't tell. Resources whose probes are the same Script object share one run of it.
        """

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | Remark | None:
        """Return what would have to change, or None (or a remark) when the host is as declared.

        Raises HostError (with what to do) when the wish can't or must not be fulfilled on this host.
        """
