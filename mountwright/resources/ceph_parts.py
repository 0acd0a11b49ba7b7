"""Parts of pools and file systems that users are held to: rados namespaces, and subvolume groups of CephFS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.ceph.scripts import GROUP, NAMESPACE
from mountwright.ceph.state import read_state
from mountwright.resources.ceph_cluster import refuse_when_broken
from mountwright.resources.ceph_pool import refuse_foreign_application, refuse_missing

if TYPE_CHECKING:
    from mountwright.resources.base import Change, Observed, OperatingSystem
    from mountwright.resources.ceph_cluster import CephCluster
    from mountwright.shell import Script


@dataclass(frozen=True)
class RadosNamespace:
    """A rados namespace for RBD images in a pool that is declared as well; made, never removed."""

    pool: str
    name: str
    cluster: CephCluster

    @property
    def id(self) -> str:
        """The pool's name and its own, as ``rbd`` writes them."""
        return f"ceph-namespace:{self.pool}/{self.name}"

    def probe(self) -> Script:
        """The look that all resources of the cluster share."""
        return self.cluster.probe

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | None:
        """Make it where it is missing. Raises HostError for a pool of another application or a broken cluster."""
        del os
        state = read_state(observed.stdout)
        refuse_foreign_application(state, self.pool)
        if self.name in state.namespaces.get(self.pool, ()):
            return None
        refuse_when_broken(state, f"the rados namespace {self.pool}/{self.name}")
        return self.cluster.change(
            f"create the rados namespace {self.pool}/{self.name}",
            NAMESPACE,
            {"pool": self.pool, "namespace": self.name},
        )


@dataclass(frozen=True)
class CephFilesystem:
    """A CephFS file system that others made; it must be there, and is left as it is."""

    name: str
    cluster: CephCluster

    @property
    def id(self) -> str:
        """The file system's name."""
        return f"ceph-filesystem:{self.name}"

    def probe(self) -> Script:
        """The look that all resources of the cluster share."""
        return self.cluster.probe

    def plan(self, observed: Observed, os: OperatingSystem) -> None:
        """See that it is there; raises HostError when it is not, with the name that was probably meant."""
        del os
        refuse_missing("file system", self.name, read_state(observed.stdout).filesystems)


@dataclass(frozen=True)
class SubvolumeGroup:
    """A group of subvolumes in a CephFS file system; made, never removed."""

    filesystem: str
    name: str
    cluster: CephCluster

    @property
    def id(self) -> str:
        """The file system's name and its own."""
        return f"ceph-subvolume-group:{self.filesystem}/{self.name}"

    def probe(self) -> Script:
        """The look that all resources of the cluster share."""
        return self.cluster.probe

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | None:
        """Make it where it is missing. Raises HostError for a broken cluster."""
        del os
        state = read_state(observed.stdout)
        # a file system that is missing is CephFilesystem's to say
        if self.name in state.groups.get(self.filesystem, ()):
            return None
        refuse_when_broken(state, f"the subvolume group {self.filesystem}/{self.name}")
        return self.cluster.change(
            f"create the subvolume group {self.filesystem}/{self.name}",
            GROUP,
            {"filesystem": self.filesystem, "group": self.name},
        )
