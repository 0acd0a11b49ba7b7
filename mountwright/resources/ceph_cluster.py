"""A Ceph cluster as the admin host sees it: what all resources of it share, and whether it is well."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mountwright.ceph.access import CALL_LIMIT
from mountwright.ceph.scripts import LOOK
from mountwright.ceph.state import read_state
from mountwright.errors import HostError
from mountwright.resources.base import Change, Remark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mountwright.ceph.access import Access
    from mountwright.ceph.state import ClusterState
    from mountwright.resources.base import Observed, OperatingSystem
    from mountwright.shell import Script, Value

BROKEN = "HEALTH_ERR"


@dataclass(frozen=True, eq=False)
class CephCluster:
    """What all resources of one cluster share: how it is called, and the one look at it."""

    access: Access
    probe: Script = field(repr=False)

    @classmethod
    def of(
        cls,
        access: Access,
        *,
        users: bool = False,
        namespaces: Iterable[str] = (),
        filesystems: Iterable[str] = (),
        groups: Iterable[str] = (),
    ) -> CephCluster:
        """A cluster that is looked at for its health, its pools, and what else is asked for.

        ``users``: the capabilities of its users; ``namespaces``: the pools whose rados namespaces are of interest;
        ``filesystems``: those that must be there; ``groups``: those whose subvolume groups are of interest.
        """
        arguments: list[Value] = []
        for kind, names in (("namespaces", namespaces), ("groups", groups)):
            for name in names:
                arguments += [kind, name]
        probe = access.script(LOOK, {"users": users, "filesystems": bool(tuple(filesystems))}, arguments)
        return cls(access, probe)

    def change(
        self,
        summary: str,
        body: str,
        values: Mapping[str, Value],
        arguments: Sequence[Value] = (),
        *,
        calls: int = 1,
        before: str | None = None,
        after: str | None = None,
        notes: tuple[str, ...] = (),
    ) -> Change:
        """A change that a body of :mod:`mountwright.ceph.scripts` makes with so many calls of ceph or rbd."""
        return Change(
            summary,
            self.access.script(body, values, arguments),
            before=before,
            after=after,
            silence=CALL_LIMIT * calls + 30.0,
            notes=notes,
        )


@dataclass(frozen=True)
class CephHealth:
    """That the cluster can be reached, and is not in an error; nothing is changed for it."""

    cluster: CephCluster

    @property
    def id(self) -> str:
        """There is one."""
        return "ceph:health"

    def probe(self) -> Script:
        """The look that all resources of the cluster share."""
        return self.cluster.probe

    def plan(self, observed: Observed, os: OperatingSystem) -> Remark | None:
        """Say so when the cluster is in an error. Raises ProbeError when its answers make no sense."""
        del os  # whatever runs ceph
        state = read_state(observed.stdout)
        if state.health != BROKEN:
            return None
        return Remark((f"the Ceph cluster is in {BROKEN}:", *(f"  {ailment}" for ailment in state.ailments)))


def refuse_when_broken(state: ClusterState, what: str) -> None:
    """Raise HostError when the cluster is in an error: changes of pools or file systems may hang or do harm then."""
    if state.health == BROKEN:
        raise HostError(
            f"the cluster is in {BROKEN}, so {what} is left alone; see `ceph health detail`, and run again when it "
            "is better",
            output=state.ailments,
        )
