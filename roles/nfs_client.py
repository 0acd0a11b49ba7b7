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
            # mount.nfs starts it for the first mount, and has systemd keep it until the reboot: all that can be in
            # its way is a mask. A server's own role has it running all the time.
            yield Unit(STATD, masked=False)
