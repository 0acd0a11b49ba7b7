"""A node that mounts NFS exports: the mount helper, and for NFSv3 what locks need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.resources.package import Package
from mountwright.resources.selinux_boolean import SelinuxBoolean
from mountwright.resources.unit import Unit
from roles.nfs_common import STATD, nfs_of, rpcbind_units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.inventory import Host
    from mountwright.resources.base import Resource
    from mountwright.spec import StorageSpec

PACKAGES = {"debian": "nfs-common", "redhat": "nfs-utils", "suse": "nfs-client"}


def resources(host: Host, spec: StorageSpec) -> Iterator[Resource]:
    """Yield what lets a node mount the declared exports."""
    nfs = nfs_of(spec)
    yield Package(PACKAGES)
    yield SelinuxBoolean("virt_use_nfs")
    if nfs.v3:
        yield from rpcbind_units()
        if host.name not in nfs.server_hosts:
            # It can't be enabled, only be masked or not: mount.nfs starts it for the first mount. A server's own
            # role has it running all the time.
            yield Unit(STATD, enabled=True)
