"""What NFS servers and NFS clients have in common: the services that NFSv3 stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.errors import InputError
from mountwright.resources.unit import Unit

if TYPE_CHECKING:
    from mountwright.spec import StorageSpec
    from mountwright.spec.nfs import Nfs

RPCBIND_SOCKET = "rpcbind.socket"
RPCBIND = "rpcbind.service"
STATD = "rpc-statd.service"


def nfs_of(spec: StorageSpec) -> Nfs:
    """The section that both roles stand on. Raises InputError when storage.yml has none."""
    if spec.nfs is None:
        raise InputError("storage.yml has no section 'nfs', so there is nothing to set up for NFS")
    return spec.nfs


def rpcbind_units() -> tuple[Unit, Unit]:
    """Return what keeps rpcbind running, the same for servers and clients.

    The socket is not started by itself: it refuses as long as its service is masked, as NFSv4 alone leaves both
    (measured). Starting the service starts the socket, which it requires.
    """
    return Unit(RPCBIND_SOCKET, enabled=True), Unit(RPCBIND, enabled=True, active=True)
