"""An NFS server: its settings, packages, directories, services and exports.

The settings come before the package: Debian starts the server as soon as it is installed, and so it starts with them,
and without what NFSv4 alone does not need. The exports come last: exportfs must find the directories and the kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.resources.absent import Absent
from mountwright.resources.directory import Directory
from mountwright.resources.file import File
from mountwright.resources.firewall import FirewallPorts
from mountwright.resources.nfs_exports import NfsExports
from mountwright.resources.nfs_server_settings import FixedPorts, NfsServerSettings
from mountwright.resources.package import Package
from mountwright.resources.selinux_boolean import SelinuxBoolean
from mountwright.resources.unit import Unit
from mountwright.templates import render_file
from roles.nfs_common import RPCBIND, RPCBIND_SOCKET, STATD, nfs_of, rpcbind_units

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.inventory import Host
    from mountwright.resources.base import Resource
    from mountwright.spec import StorageSpec
    from mountwright.spec.nfs import Nfs

SETTINGS = "/etc/nfs.conf.d/mountwright.conf"
LOCKD_OPTIONS = "/etc/modprobe.d/mountwright-lockd.conf"
PACKAGES = {"debian": "nfs-kernel-server", "redhat": "nfs-utils", "suse": "nfs-kernel-server"}


def resources(host: Host, spec: StorageSpec, *, withdraw_mounted: bool = False) -> Iterator[Resource]:
    """Yield what makes a host an NFS server with the exports that are declared for it.

    ``withdraw_mounted``: exports that are no longer declared go even while clients have them mounted.
    """
    nfs = nfs_of(spec)
    yield File(SETTINGS, render_file("nfs/nfs.conf.j2", v3=nfs.v3, threads=nfs.threads, ports=nfs.ports))
    if nfs.v3:
        yield File(LOCKD_OPTIONS, render_file("modules/lockd.conf.j2", ports=nfs.ports))
    else:
        yield Absent(LOCKD_OPTIONS)
        # masked and not removed: on Debian nfs-common goes with rpcbind
        for unit in (RPCBIND_SOCKET, RPCBIND, STATD):
            yield Unit(unit, masked=True)
    yield FirewallPorts("the NFS server", open_ports(nfs))
    yield SelinuxBoolean("nfs_export_all_rw")
    yield Package(PACKAGES)
    yield from _directories(host.name, nfs)
    if nfs.v3:
        yield from rpcbind_units()
        yield Unit(STATD, active=True)
    yield Unit("nfs-server.service", enabled=True, active=True)
    yield NfsServerSettings(_fixed_ports(nfs), nfs.threads)
    yield NfsExports(
        tuple(entry for export in nfs.exports_for(host.name) for entry in export.entries),
        file=nfs.exports_file,
        withdraw_mounted=withdraw_mounted,
    )


def open_ports(nfs: Nfs) -> tuple[str, ...]:
    """The ports that clients must reach on a server, like ``2049/tcp``."""
    if not nfs.v3:
        return ("2049/tcp",)
    both = (111, nfs.ports.mountd, nfs.ports.statd)
    return (
        "2049/tcp",
        *(f"{port}/{protocol}" for port in both for protocol in ("tcp", "udp")),
        f"{nfs.ports.lockd_tcp}/tcp",
        f"{nfs.ports.lockd_udp}/udp",
    )


def _directories(host: str, nfs: Nfs) -> Iterator[Directory]:
    """What is exported, and the folders inside of it that volumes are: like the export that they are on."""
    exports = {export.path: export for export in nfs.exports_for(host)}
    for export in exports.values():
        yield Directory(export.path, mode=export.mode, owner=export.owner, group=export.group)
    for volume in nfs.volumes:
        if nfs.server_of(volume) == host and volume.path not in exports:
            export = exports[volume.export]
            yield Directory(volume.path, mode=export.mode, owner=export.owner, group=export.group)


def _fixed_ports(nfs: Nfs) -> FixedPorts | None:
    if not nfs.v3:
        return None
    return FixedPorts(nfs.ports.mountd, nfs.ports.statd, nfs.ports.lockd_tcp, nfs.ports.lockd_udp)
