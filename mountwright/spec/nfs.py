"""The ``nfs`` section: servers, clients, exports, and the volumes on them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, WithJsonSchema, model_validator

from mountwright.nfs.clients import is_address
from mountwright.spec.base import Section
from mountwright.spec.exports import Export  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.values import Pattern, Port, found, refused, text
from mountwright.spec.volumes import StorageClass, Volume

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

DEFAULT_EXPORTS_FILE = "/etc/exports"
_OWN_FILE = r"/etc/exports\.d/[A-Za-z0-9_-][A-Za-z0-9_.-]*\.exports"
_RESERVED_PORTS = {111: "rpcbind", 2049: "NFS itself"}
_MOST_THREADS = 4096


def _exports_file(value: Any) -> str:
    expected = "/etc/exports, or a file of its own like /etc/exports.d/mountwright.exports"
    path = text(value, expected)
    if path == DEFAULT_EXPORTS_FILE or re.fullmatch(_OWN_FILE, path, re.ASCII):
        return path
    raise refused(f"{path!r} is not read by exportfs, or is no plain name; expected {expected}")


def _threads(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST_THREADS:
        raise refused(f"expected a whole number of threads between 1 and {_MOST_THREADS}, found {found(value)}")
    return value


def _address(value: Any) -> str:
    address = text(value, "a host name or an IP address")
    if not is_address(address):
        raise refused(f"{address!r} is no address; expected a host name or an IP address")
    return address


ExportsFile = Annotated[
    str,
    BeforeValidator(_exports_file),
    WithJsonSchema({"type": "string", "pattern": f"^({DEFAULT_EXPORTS_FILE}|{_OWN_FILE})$"}),
]
Threads = Annotated[
    int, BeforeValidator(_threads), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": _MOST_THREADS})
]
Address = Annotated[str, BeforeValidator(_address), WithJsonSchema({"type": "string", "minLength": 1})]


class Ports(Section):
    """Fixed ports of the NFSv3 services, so that a firewall can let them through. NFS has 2049, rpcbind 111."""

    mountd: Port = 20048
    """Port of rpc.mountd, TCP and UDP."""
    statd: Port = 32765
    """Port on which rpc.statd listens, TCP and UDP."""
    statd_outgoing: Port = 32766
    """Port from which rpc.statd sends."""
    lockd_tcp: Port = 32768
    """Port of the kernel's lock manager, TCP."""
    lockd_udp: Port = 32768
    """Port of the kernel's lock manager, UDP; it may be the same number as the TCP port."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        taken = dict(_RESERVED_PORTS)
        for name in ("mountd", "statd", "statd_outgoing", "lockd_tcp", "lockd_udp"):
            port = getattr(self, name)
            holder = taken.setdefault(port, name)
            if holder not in {name, "lockd_tcp" if name == "lockd_udp" else name}:
                raise refused(f"'{name}' has the port {port}, which {holder} has already; expected distinct ports")
        return self


@dataclass(frozen=True)
class Placement:
    """The hosts that the patterns of the section stand for: names in the inventory's order.

    ``servers`` maps a server's name to the address that clients use; ``exports`` holds for each export, in order,
    the names of its servers; ``volumes`` and ``classes`` hold the name of each one's server by its own name.
    """

    servers: Mapping[str, str] = field(default_factory=dict)
    clients: tuple[str, ...] = ()
    exports: tuple[tuple[str, ...], ...] = ()
    volumes: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)


class Nfs(Section):
    """NFS servers, the nodes that mount from them, and what is exported."""

    servers: Pattern | None = Field(default=None, examples=["nfs_servers"])
    """Group or host pattern: the hosts that become NFS servers. It may be left out where all are external."""
    external: dict[Pattern, Address] = Field(default={}, examples=[{"filer1": "filer.example.com"}])
    """Servers that somebody else looks after (a filer, a cloud service), by a name of your own, each with the
    address that the nodes reach it under. Nothing connects to them, and no export of theirs is checked."""
    clients: Pattern = Field(examples=["kube_node"])
    """Group or host pattern: the nodes that mount."""
    protocol: Literal["v3+v4", "v4"] = "v3+v4"
    """Versions of NFS: v3+v4 runs rpcbind, statd and lockd with fixed ports; v4 needs port 2049 alone and masks
    rpcbind."""
    ports: Ports = Ports()
    """Fixed ports of the NFSv3 services."""
    addresses: dict[Pattern, Address] = Field(default={}, examples=[{"nfs1": "10.0.0.10"}])
    """Address under which the nodes reach a server, by its name in the inventory. By default the inventory's
    access_ip, ip or ansible_host of the server, in this order."""
    exports_file: ExportsFile = Field(default=DEFAULT_EXPORTS_FILE, examples=["/etc/exports.d/mountwright.exports"])
    """Where exports are written: a marked block in /etc/exports, or a file of its own in /etc/exports.d."""
    threads: Threads | None = Field(default=None, examples=[16])
    """Number of nfsd threads. By default the distribution's."""
    exports: tuple[Export, ...] = ()
    """Directories that are exported."""
    volumes: tuple[Volume, ...] = ()
    """PersistentVolumes on the exports."""
    classes: tuple[StorageClass, ...] = ()
    """StorageClasses whose volumes are made on the exports."""

    _placement: Placement = PrivateAttr(default_factory=Placement)

    @property
    def v3(self) -> bool:
        """Whether NFSv3 is served, with rpcbind, statd and lockd."""
        return self.protocol == "v3+v4"

    @property
    def server_hosts(self) -> tuple[str, ...]:
        """Names of the hosts that are servers."""
        return tuple(self._placement.servers)

    @property
    def client_hosts(self) -> tuple[str, ...]:
        """Names of the hosts that mount."""
        return self._placement.clients

    def server_address(self, host: str) -> str:
        """The address under which clients reach a server, ours or external. Raises KeyError for what is neither."""
        return self._placement.servers.get(host) or self.external[host]

    def exports_for(self, host: str) -> tuple[Export, ...]:
        """What a host exports, in the order declared; nothing for a host that is no server."""
        return tuple(
            export for export, hosts in zip(self.exports, self._placement.exports, strict=True) if host in hosts
        )

    def server_of(self, item: Volume | StorageClass) -> str:
        """The name of the server, ours or external, that a volume or class of this section is on."""
        placed = self._placement.volumes if isinstance(item, Volume) else self._placement.classes
        return placed[item.name]
