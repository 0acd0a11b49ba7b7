"""From the group names of storage.yml to hosts of the inventory."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from mountwright.errors import InputError
from mountwright.nfs.clients import is_address
from mountwright.spec.nfs import Placement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mountwright.inventory import Host, Inventory
    from mountwright.spec.findings import Findings
    from mountwright.spec.nfs import Nfs
    from mountwright.spec.problems import Path

_PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_MOST_NAMES = 5
# How inventories name the address that a host has among its peers; kubespray's words.
_ADDRESS_VARIABLES = ("access_ip", "ip")


def names(items: Iterable[str]) -> str:
    """Some names for a message: the first few, and how many more there are."""
    listed = list(items)
    more = f" and {len(listed) - _MOST_NAMES} more" if len(listed) > _MOST_NAMES else ""
    return ", ".join(listed[:_MOST_NAMES]) + more


def suggestion(word: str, known: Iterable[str]) -> str:
    """A half-sentence with the name that was probably meant, or with those that there are."""
    listed = list(dict.fromkeys(known))
    near = difflib.get_close_matches(word, listed, n=1)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; there are {names(listed)}" if listed else ""


def hosts_of(pattern: str, path: Path, inventory: Inventory, findings: Findings) -> tuple[Host, ...]:
    """The hosts that a group or host pattern stands for; none, and an error, when it stands for nothing."""
    if path in findings.faulty:
        return ()  # found to be no pattern at all; that has been said
    if not _PLAIN_NAME.fullmatch(pattern):
        try:
            return inventory.select(pattern)
        except InputError as error:
            for problem in error.problems:
                findings.error(path, problem.message)
            return ()
    if pattern in inventory.groups:
        hosts = inventory.group_hosts(pattern)
        if not hosts:
            findings.error(path, f"the group '{pattern}' of the inventory has no hosts")
        return hosts
    if pattern in inventory.hosts:
        return (inventory.hosts[pattern],)
    known = suggestion(pattern, [*inventory.groups, *inventory.hosts])
    findings.error(path, f"'{pattern}' is neither a group nor a host of the inventory{known}")
    return ()


def peer_address(host: Host) -> str:
    """The address under which the other machines reach a host: access_ip, ip, or the one that SSH goes to.

    Raises InputError when the variable can't be rendered, or is no address.
    """
    written = host.vars
    for name in _ADDRESS_VARIABLES:
        if written.get(name):
            address = str(host.rendered(name))
            if not is_address(address):
                message = f"host {host.name}: {address!r} is no address; expected a host name or an IP address"
                raise InputError(host.problem(name, message))
            return address
    return host.connection.address


def place(nfs: Nfs, inventory: Inventory, findings: Findings) -> Placement:
    """Which hosts serve and which mount; volumes and classes are placed later, when the exports are known."""
    servers = hosts_of(nfs.servers, ("nfs", "servers"), inventory, findings) if nfs.servers is not None else ()
    clients = hosts_of(nfs.clients, ("nfs", "clients"), inventory, findings)
    server_names = [host.name for host in servers]
    _check_external(nfs, server_names, findings)
    for name in nfs.addresses:
        if servers and name not in server_names:
            message = f"'{name}' is none of the servers{suggestion(name, server_names)}"
            findings.error(("nfs", "addresses", name), message)
    exports = [
        _servers_of(export.servers, ("nfs", "exports", index, "servers"), server_names, inventory, findings)
        for index, export in enumerate(nfs.exports)
    ]
    return Placement(
        servers={host.name: _address(host, nfs.addresses, findings) for host in servers},
        clients=tuple(host.name for host in clients),
        exports=tuple(exports),
    )


def _check_external(nfs: Nfs, servers: list[str], findings: Findings) -> None:
    """Whether there are servers at all, and no two of one name."""
    for name in nfs.external:
        if name in servers:
            message = f"'{name}' is among nfs.servers already; an external server has a name of its own"
            findings.error(("nfs", "external", name), message)
    if nfs.servers is None and (nfs.exports or not nfs.external):
        message = "this key is missing: group or host pattern: the hosts that become NFS servers"
        findings.error(("nfs", "servers"), message)


def _servers_of(
    pattern: str | None, path: Path, servers: list[str], inventory: Inventory, findings: Findings
) -> tuple[str, ...]:
    """The servers of one export: all, or those that its pattern names."""
    if pattern is None:
        return tuple(servers)
    chosen = [host.name for host in hosts_of(pattern, path, inventory, findings)]
    foreign = [name for name in chosen if name not in servers]
    if foreign and servers:
        findings.error(path, f"{names(foreign)} is not among nfs.servers ({names(servers)})")
    return tuple(name for name in chosen if name in servers or not servers)


def _address(host: Host, declared: Mapping[str, str], findings: Findings) -> str:
    if host.name in declared:
        return declared[host.name]
    try:
        return peer_address(host)
    except InputError as error:
        findings.errors.extend(error.problems)
        return host.name
