"""A user of a Ceph cluster, with exactly the capabilities that are declared. Its key is neither read nor shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.ceph.caps import SERVICES, compare, shown
from mountwright.ceph.names import is_client, is_reserved
from mountwright.ceph.scripts import USER
from mountwright.ceph.state import read_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mountwright.ceph.caps import CapsDifference
    from mountwright.resources.base import Change, Observed, OperatingSystem
    from mountwright.resources.ceph_cluster import CephCluster
    from mountwright.shell import Script, Value

_SHOWN = 3


@dataclass(frozen=True)
class CephUser:
    """A user ``client.NAME``; ``caps`` are its capabilities by the kind of daemon, and it has no others.

    A user that is there keeps its key. Raises ValueError for a user that belongs to the cluster itself: client.admin
    is never changed.
    """

    name: str
    caps: Mapping[str, str]
    cluster: CephCluster

    def __post_init__(self) -> None:
        if not is_client(self.name) or is_reserved(self.name):
            raise ValueError(f"{self.name!r} is not to be managed")

    @property
    def id(self) -> str:
        """The user's name."""
        return f"ceph-user:{self.name}"

    def probe(self) -> Script:
        """The look that all resources of the cluster share."""
        return self.cluster.probe

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | None:
        """Compare the user's capabilities with the declared ones, as sets of grants."""
        del os
        live = read_state(observed.stdout).users.get(self.name)
        if live is None:
            return self._change(f"create the user {self.name}", None)
        difference = compare(live, self.caps)
        if not difference:
            return None
        notes: tuple[str, ...] = ()
        if difference.extra:
            wider = ", ".join(_words(difference.extra))
            notes = (f"it could do more than is declared: {wider}",)
        return self._change(f"change the user {self.name}: {_summary(difference)}", shown(live), notes=notes)

    def _change(self, summary: str, before: str | None, *, notes: tuple[str, ...] = ()) -> Change:
        arguments: list[Value] = []
        for service in SERVICES:
            if service in self.caps:
                arguments += [service, self.caps[service]]
        values: dict[str, Value] = {"user": self.name, "create": before is None}
        return self.cluster.change(
            summary, USER, values, arguments, before=before, after=shown(self.caps), notes=notes
        )


def _summary(difference: CapsDifference) -> str:
    words = [f"withdraw {each}" for each in _words(difference.extra)]
    words += [f"grant {each}" for each in _words(difference.missing)]
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more


def _words(grants: tuple[tuple[str, str], ...]) -> list[str]:
    return [f"{service} '{text}'" for service, text in grants]
