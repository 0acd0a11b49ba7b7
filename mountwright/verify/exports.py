"""What exports(5) means, as far as the suite needs it: written again here, since the suite judges the engine."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from mountwright.duties import DeclaredExport

NOBODY = 65534
"""The user and group that squashed users become, unless anonuid and anongid say otherwise (exports(5))."""

_HOST, _NETWORK, _PATTERN, _NETGROUP, _EVERYBODY = range(5)


def unescape(text: str) -> str:
    r"""Undo the octal escapes (``\040``) that exports files and /var/lib/nfs/etab have for blanks and the like."""
    raw = text.encode("utf-8", "surrogateescape")
    raw = re.sub(rb"\\([0-3][0-7]{2})", lambda found: bytes([int(found[1], 8)]), raw)
    return raw.decode("utf-8", "surrogateescape")


def parse_etab(text: str) -> dict[tuple[str, str], set[str]]:
    """Return the options by (path, client) of /var/lib/nfs/etab: path, tab, client(options) on each line."""
    entries: dict[tuple[str, str], set[str]] = {}
    for line in text.splitlines():
        path, _, rest = line.partition("\t")
        client, _, options = rest.partition("(")
        entries[unescape(path), normal_client(client)] = set(options.rstrip(")").split(","))
    return entries


def normal_client(client: str) -> str:
    """Write an address or a network in one way; other clients stay as they are."""
    try:
        network = ipaddress.ip_network(client, strict=False)
    except ValueError:
        return client
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def effective(options: Collection[str]) -> set[str]:
    """Return the options that decide over access, with the defaults of exports(5) filled in."""
    squash = next((name for name in ("all_squash", "no_root_squash") if name in options), "root_squash")
    return {
        "rw" if "rw" in options else "ro",
        "async" if "async" in options else "sync",
        "insecure" if "insecure" in options else "secure",
        *({"root_squash", "all_squash"} if squash == "all_squash" and "no_root_squash" not in options else {squash}),
    }


def anonymous(options: Iterable[str]) -> tuple[int, int]:
    """Return the user and the group, as numbers, that squashed users become."""
    found = dict(option.split("=", 1) for option in options if "=" in option)
    return int(found.get("anonuid", NOBODY)), int(found.get("anongid", NOBODY))


def rank(client: str) -> int:
    """How early the server takes a client specification: hosts first, then networks, ..., everybody last."""
    if client == "*":
        return _EVERYBODY
    if client.startswith("@"):
        return _NETGROUP
    if any(char in client for char in "*?["):
        return _PATTERN
    return _NETWORK if "/" in client else _HOST


def is_name(client: str) -> bool:
    """Say whether a client specification is one host's name."""
    if rank(client) != _HOST:
        return False
    try:
        ipaddress.ip_address(client)
    except ValueError:
        return True
    return False


def matches(client: str, address: str, names: Mapping[str, Collection[str]]) -> bool | None:
    """Say whether a client specification takes in a host; None where only the server can tell.

    ``address`` is the host's address as the server sees it; ``names`` has the addresses of declared host names.
    """
    if client == "*":
        return True
    try:
        network = ipaddress.ip_network(client, strict=False)
    except ValueError:
        if rank(client) in (_PATTERN, _NETGROUP):
            return None
        return address in names.get(client, ())
    own = ipaddress.ip_address(address)
    return own.version == network.version and own in network


def v4_path(path: str, exports: Iterable[DeclaredExport]) -> str:
    """Return the path that NFSv4 clients mount: below the pseudo root that ``fsid=0`` names, if there is one."""
    for export in exports:
        if any(option in ("fsid=0", "fsid=root") for _, options in export.clients for option in options):
            root = export.path.rstrip("/")
            if path.rstrip("/") == root:
                return "/"
            if path.startswith(root + "/"):
                return path[len(root) :]
    return path
