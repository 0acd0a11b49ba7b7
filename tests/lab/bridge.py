"""Bridges of the lab on this box: each a /24 of its own that nothing else uses, found again by its name."""

from __future__ import annotations

import ipaddress
import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.lab.cache import locked
from tests.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POOL = ipaddress.IPv4Network("10.78.0.0/16")
"""The lab's bridges take their /24s from here: bridge ``mwf-N`` has 10.78.N.0/24."""

_PREFIX = "mwf-"


@dataclass(frozen=True)
class Bridge:
    """A bridge and its range. The box's own address on it, if it has one, is the first of the range."""

    number: int

    @property
    def name(self) -> str:
        """The interface's name; short enough for the kernel's 15 characters."""
        return f"{_PREFIX}{self.number}"

    @property
    def network(self) -> ipaddress.IPv4Network:
        """Its /24."""
        return ipaddress.IPv4Network((int(POOL.network_address) + 256 * self.number, 24))

    def address(self, index: int) -> str:
        """The address of machine ``index`` (0 to 243); the first ten of the range are left to the box."""
        if not 0 <= index < 244:
            raise LabError(f"a bridge holds 244 machines, there is no number {index}")
        return str(self.network.network_address + 10 + index)

    def create(self, *, box_address: bool) -> None:
        """Make the bridge; with ``box_address`` the box can reach its machines, without it nobody outside can."""
        ip("link", "add", self.name, "type", "bridge")
        if box_address:
            ip("address", "add", f"{self.network.network_address + 1}/24", "dev", self.name)
        else:
            # Not even a link-local address of IPv6, by which the box could be reached after all.
            ip("link", "set", self.name, "addrgenmode", "none")
            # Nor may what is meant for this network leave the box by its default route.
            ip("route", "add", "unreachable", str(self.network))
        ip("link", "set", self.name, "up")

    def exists(self) -> bool:
        """Whether the box has it."""
        return any(link["ifname"] == self.name for link in ip_json("link", "show"))

    def remove(self) -> None:
        """Remove it with its address and routes; one that is gone already is fine."""
        for route in ip_json("-4", "route", "show", "type", "unreachable"):
            if route["dst"] == str(self.network):
                ip("route", "delete", "unreachable", str(self.network))
        if self.exists():
            ip("link", "delete", self.name)


def ip(*arguments: str) -> str:
    """Call the tool and return what it printed; LabError with its own message when it fails."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"`ip {' '.join(arguments)}` failed: {done.stderr.strip()}")
    return done.stdout


def ip_json(*arguments: str) -> list[dict[str, Any]]:
    """Run ``ip -json`` and return its objects."""
    found: list[dict[str, Any]] = json.loads(ip("-json", *arguments) or "[]")
    return found


def who_uses(network: ipaddress.IPv4Network) -> str | None:
    """Say which interface of the box has an address in, or a route into, this range; None when it is free."""
    for link in ip_json("-4", "address", "show"):
        for entry in link.get("addr_info", ()):
            if "local" in entry and ipaddress.IPv4Address(entry["local"]) in network:
                return f"{link['ifname']} has the address {entry['local']}"
    for route in ip_json("-4", "route", "show", "table", "all"):
        if route.get("dst") in {None, "default"}:
            continue
        if ipaddress.IPv4Network(route["dst"], strict=False).overlaps(network):
            return f"a route to {route['dst']} leads through {route.get('dev', 'another host')}"
    return None


def claim(folder: Path, *, box_address: bool, record: Callable[[Bridge], None], number: int | None = None) -> Bridge:
    """Make a bridge whose range nothing on this box uses, or the one with this number.

    ``folder`` holds the lock that keeps two programs from taking the same. ``record`` is called before the bridge
    is made, so that whoever cleans up after a crash knows of it. Raises LabError when the range that was asked
    for is in use (with the user of it), or when all of them are.
    """
    used: str | None = None
    with locked(folder / "bridges.lock"):
        taken = {link["ifname"] for link in ip_json("link", "show")}
        for candidate in (Bridge(n) for n in (range(256) if number is None else (number,))):
            there = candidate.name in taken
            used = f"the bridge {candidate.name} exists" if there else who_uses(candidate.network)
            if used is None:
                record(candidate)
                candidate.create(box_address=box_address)
                return candidate
            if number is not None:
                raise LabError(f"{candidate.network} is in use: {used}; name another number, or end its user")
    raise LabError(
        f"every /24 of {POOL} is in use on this box ({used}): end labs that are left over with `inv lab.down`,"
        " or take away the route that covers the range"
    )
