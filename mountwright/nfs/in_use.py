"""Who would lose an export that he still has mounted: told from what the server knows, in doubt yes."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mountwright.nfs.model import Entry
    from mountwright.nfs.server_state import Names, ServerState

# A client whose lease ran out and that is kept only out of courtesy has been silent for longer than 90 s.
_GONE = frozenset({"courtesy", "expirable"})


def losers(state: ServerState, withdrawn: Iterable[Entry], remaining: Iterable[Entry]) -> Iterator[tuple[Entry, str]]:
    """Each withdrawn entry that somebody has, or may have, mounted, and who: one line for a person.

    A client that a remaining entry of the same path still serves loses nothing. NFSv3 mounts are known by rmtab.
    NFSv4 has no list of mounts: a connected client that the entry is for may have it mounted.
    """
    withdrawn, remaining = tuple(withdrawn), tuple(remaining)
    roots = {state.real_path(entry.path) for entry in (*state.live, *withdrawn)}
    for entry in withdrawn:
        path = state.real_path(entry.path)
        rest = [other for other in remaining if state.real_path(other.path) == path]

        def loses(address: str, entry: Entry = entry, rest: list[Entry] = rest) -> bool:
            served = any(is_for(other.client, address, state.names) for other in rest)
            return not served and is_for(entry.client, address, state.names) is not False

        mounted = {host for host, mount in state.mounted if _root_of(mount, roots) == path}
        for address in sorted(mounted):
            if loses(address):
                yield entry, f"{address} has it mounted (NFSv3, by rmtab)"
        for address, name in sorted({(who.address, who.name) for who in state.connected if who.status not in _GONE}):
            if address not in mounted and loses(address):
                called = f" ({name})" if name else ""
                yield entry, f"{address}{called} is connected over NFSv4 and may have it mounted"


def is_for(client: str, address: str, names: Names) -> bool | None:
    """Whether a client of exports(5) takes in the address; None when that can't be told from here."""
    if client == "*" or names.same(client, address):
        return True
    try:
        parsed = ip_address(address)
    except ValueError:
        return None  # an old rmtab has host names
    if "/" in client:
        try:
            return parsed in ip_network(client, strict=False)
        except ValueError:
            return None  # gss/krb5: any address
    if client.startswith("@") or any(character in client for character in "*?["):
        return None
    resolved = names.all_of(client)
    return False if len(resolved) > 1 or _is_address(client) else None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _root_of(path: str, roots: Iterable[str]) -> str:
    """The innermost exported directory that a mounted path lies in, or ""."""
    around = [root for root in roots if path == root or path.startswith(f"{root.rstrip('/')}/")]
    return max(around, key=len, default="")
