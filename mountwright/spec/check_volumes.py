"""Cross-checks of nfs.volumes and nfs.classes against the exports, and of nodes against the clients of exports."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from mountwright.errors import InputError
from mountwright.nfs.clients import classify_client, normalise_client
from mountwright.spec.check_hosts import names, peer_address, suggestion
from mountwright.spec.volumes import Volume

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mountwright.inventory import Inventory
    from mountwright.spec.exports import Export
    from mountwright.spec.findings import Findings
    from mountwright.spec.nfs import Nfs, Placement
    from mountwright.spec.problems import Path
    from mountwright.spec.volumes import StorageClass

    _Placed = tuple[Path, Volume | StorageClass, str]

Address = IPv4Address | IPv6Address
_NUMERIC = frozenset({"ipv4", "ipv6", "network4", "network6"})
_V3_MOUNT = frozenset({"nfsvers=3", "vers=3", "v3", "nfsvers=2", "vers=2", "v2"})


def check_volumes(nfs: Nfs, placement: Placement, inventory: Inventory, findings: Findings) -> Placement:
    """Check volumes and classes; returns the placement with the server of each (empty text where there is none)."""
    volumes = tuple(
        _check_one(volume, ("nfs", "volumes", index), nfs, placement, findings)
        for index, volume in enumerate(nfs.volumes)
    )
    classes = tuple(
        _check_one(item, ("nfs", "classes", index), nfs, placement, findings)
        for index, item in enumerate(nfs.classes)
    )
    _check_shared_directories(nfs, volumes, findings)
    placed: list[_Placed] = [
        *((("nfs", "volumes", index), item, volumes[index]) for index, item in enumerate(nfs.volumes)),
        *((("nfs", "classes", index), item, classes[index]) for index, item in enumerate(nfs.classes)),
    ]
    _check_nodes(nfs, placement, placed, inventory, findings)
    return replace(
        placement,
        volumes={volume.name: server for volume, server in zip(nfs.volumes, volumes, strict=True)},
        classes={item.name: server for item, server in zip(nfs.classes, classes, strict=True)},
    )


def _check_one(item: Volume | StorageClass, path: Path, nfs: Nfs, placement: Placement, findings: Findings) -> str:
    """Check a volume or class; returns the name of its server, or an empty text."""
    if not nfs.v3:
        for index, option in enumerate(item.mount_options):
            if option in _V3_MOUNT:
                findings.error(
                    (*path, "mount_options", index),
                    f"{option} asks for an older NFS than the servers have (protocol: v4); expected nfsvers=4.2",
                )
    if isinstance(item, Volume) and item.reclaim_policy == "Recycle":
        findings.warn((*path, "reclaim_policy"), "Recycle is deprecated in Kubernetes; use Retain")
    if isinstance(item, Volume) and item.reclaim_policy == "Delete":
        findings.warn(
            (*path, "reclaim_policy"),
            "nothing deletes the directory of such a volume, and it ends as Failed; use Retain",
        )
    return _server(item, path, nfs, placement, findings)


def _server(item: Volume | StorageClass, path: Path, nfs: Nfs, placement: Placement, findings: Findings) -> str:
    servers = tuple(placement.servers)
    if item.server in nfs.external or (item.server is None and not servers and len(nfs.external) == 1):
        return item.server or next(iter(nfs.external))
    if item.server is not None and (servers or nfs.external) and item.server not in servers:
        message = f"'{item.server}' is none of the NFS servers{suggestion(item.server, [*servers, *nfs.external])}"
        findings.error((*path, "server"), message)
        return ""
    on = {
        server
        for export, hosts in zip(nfs.exports, placement.exports, strict=True)
        if export.path == item.export
        for server in hosts
    }
    if not servers and nfs.external:
        findings.error((*path, "server"), f"this key is missing: one of {names(nfs.external)}")
    if not servers or _may_be_left_out(item.export, findings):
        return ""
    wanted = [item.server] if item.server else list(servers)
    candidates = [server for server in wanted if server in on]
    if not candidates:
        findings.error((*path, "export"), _no_export(item, nfs, placement, wanted))
        return ""
    if len(candidates) > 1:
        message = f"{item.export} is exported by {names(candidates)}; say which one with 'server'"
        findings.error((*path, "export"), message)
        return ""
    return candidates[0]


def _may_be_left_out(path: str, findings: Findings) -> bool:
    """Whether an export of that path was faulty, and is left out of the checks."""
    left_out = findings.left_out.get(("nfs", "exports"), [])
    raw = [item.get("path") for item in left_out if isinstance(item, dict)]
    plain = [posixpath.normpath(other).strip("/") for other in raw if isinstance(other, str)]
    return len(plain) < len(left_out) or path.strip("/") in plain


def _no_export(item: Volume | StorageClass, nfs: Nfs, placement: Placement, servers: list[str]) -> str:
    """Why no server has the export, and what would be one."""
    paths = [
        export.path
        for export, hosts in zip(nfs.exports, placement.exports, strict=True)
        if any(server in hosts for server in servers)
    ]
    elsewhere = [
        server
        for export, hosts in zip(nfs.exports, placement.exports, strict=True)
        for server in hosts
        if export.path == item.export
    ]
    if elsewhere:
        return f"{item.export} is no export of server {servers[0]}; it is exported by {names(elsewhere)}"
    where = f"server {servers[0]}" if len(servers) == 1 else f"the servers {names(servers)}"
    around = max((path for path in paths if item.export.startswith(f"{path}/")), key=len, default=None)
    if around:
        below = item.export[len(around) + 1 :]
        return (
            f"{item.export} is no export of {where}, it lies inside one; "
            f"write 'export: {around}' and 'subdir: {below}'"
        )
    return f"{item.export} is outside every export of {where}{suggestion(item.export, paths)}"


def _check_shared_directories(nfs: Nfs, servers: Iterable[str], findings: Findings) -> None:
    first: dict[tuple[str, str], tuple[int, str]] = {}
    for index, (volume, server) in enumerate(zip(nfs.volumes, servers, strict=True)):
        holder = first.setdefault((server, volume.path), (index, volume.name))
        if server and holder[0] != index:
            message = f"{volume.path} on {server} is the volume '{holder[1]}' already; both see the same files"
            findings.warn(("nfs", "volumes", index), message)


def _check_nodes(
    nfs: Nfs, placement: Placement, placed: Iterable[_Placed], inventory: Inventory, findings: Findings
) -> None:
    """Nodes that mount, but that no client of the export covers."""
    addresses = _addresses(placement.clients, inventory)
    exports = {
        (server, export.path): export
        for export, hosts in zip(nfs.exports, placement.exports, strict=True)
        for server in hosts
    }
    for path, item, server in placed:
        export = exports.get((server, item.export))
        if export is None:
            continue
        outside = _outside(export, addresses)
        if outside:
            findings.warn(
                (*path, "export"),
                f"{names(outside)} can't mount '{item.name}': outside all clients of {item.export} on {server}",
            )
        if isinstance(item, Volume) and item.access_modes != ("ReadOnlyMany",) and _read_only(export):
            findings.warn(
                (*path, "access_modes"),
                f"'{item.name}' can't be written to: {item.export} is exported read-only to all (rw is not given)",
            )


def _addresses(nodes: Iterable[str], inventory: Inventory) -> dict[str, Address]:
    """The nodes whose address is an IP address, with it."""
    found = {}
    for node in nodes:
        try:
            found[node] = ip_address(peer_address(inventory.hosts[node]))
        except (InputError, ValueError):
            continue  # a name, or an address that only connecting would need: nothing to compare
    return found


def _outside(export: Export, addresses: Mapping[str, Address]) -> list[str]:
    """The nodes that are no client of the export. A client that is a name may be any of them: it is not resolved."""
    if any(classify_client(client) not in _NUMERIC for client in export.clients):
        return []
    networks = [ip_network(normalise_client(client)) for client in export.clients]
    return [
        f"{node} ({address})"
        for node, address in addresses.items()
        if not any(address in network for network in networks)
    ]


def _read_only(export: Export) -> bool:
    return all("rw" not in options for options in export.clients.values())
