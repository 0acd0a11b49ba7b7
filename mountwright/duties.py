"""What storage.yml asks of one host, in the plain terms that ``doctor`` and ``verify`` ask it back in.

Both judge hosts; neither may depend on how the roles bring things about. So this is derived from the declaration
alone, and it is plain data that can be sent to another process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mountwright.spec import StorageSpec
    from mountwright.spec.nfs import Nfs

NFS_PORT = 2049
RPCBIND_PORT = 111


@dataclass(frozen=True)
class DeclaredExport:
    """One exported directory. ``mode`` is octal text ("0777"); an empty ``group`` is the owner's primary group.

    ``clients`` pairs each client as exports(5) writes it with its options.
    """

    path: str
    owner: str
    group: str
    mode: str
    clients: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class NfsServer:
    """A server as its clients see it: the inventory's name, the address that they use, and what it exports."""

    name: str
    address: str
    exports: tuple[DeclaredExport, ...]


@dataclass(frozen=True)
class Duties:
    """What one host has to do.

    ``serves`` is the server that this host is to be, ``mounts_from`` the servers whose exports it may mount,
    ``rbd`` whether it maps RBD images. ``nfs_v3`` says whether the protocol is v3+v4 (else: v4 only). ``ports``
    are the fixed TCP ports of mountd, statd and lockd by those names. ``exports_file`` is the file that is ours,
    or holds our block.
    """

    host: str
    serves: NfsServer | None = None
    mounts_from: tuple[NfsServer, ...] = ()
    rbd: bool = False
    nfs_v3: bool = True
    ports: tuple[tuple[str, int], ...] = ()
    exports_file: str = "/etc/exports"

    @property
    def nfs(self) -> bool:
        """Whether the host has anything to do with NFS."""
        return self.serves is not None or bool(self.mounts_from)

    @property
    def server_ports(self) -> tuple[tuple[str, int], ...]:
        """The services and TCP ports that a client has to reach on a server."""
        if not self.nfs_v3:
            return (("nfs", NFS_PORT),)
        return (("nfs", NFS_PORT), ("rpcbind", RPCBIND_PORT), *self.ports)


def duties_of(host: str, spec: StorageSpec) -> Duties:
    """Return what storage.yml asks of the host of that name."""
    nfs = spec.nfs
    rbd = spec.ceph is not None and host in spec.ceph.client_hosts
    if nfs is None:
        return Duties(host, rbd=rbd)
    servers = {name: _server(name, nfs) for name in nfs.server_hosts}
    ports = (("mountd", nfs.ports.mountd), ("statd", nfs.ports.statd), ("lockd", nfs.ports.lockd_tcp))
    return Duties(
        host,
        serves=servers.get(host),
        mounts_from=tuple(servers.values()) if host in nfs.client_hosts else (),
        rbd=rbd,
        nfs_v3=nfs.v3,
        ports=ports,
        exports_file=nfs.exports_file,
    )


def _server(name: str, nfs: Nfs) -> NfsServer:
    exports = (
        DeclaredExport(
            path=export.path,
            owner=export.owner,
            group=export.group or "",
            mode=export.mode,
            clients=tuple((entry.client, entry.options) for entry in export.entries),
        )
        for export in nfs.exports_for(name)
    )
    return NfsServer(name, nfs.server_address(name), tuple(exports))
