"""Ports that must be open in the host's firewall, where it has one that is active: firewalld or ufw."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.errors import HostError
from mountwright.resources.base import Change
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mountwright.resources.base import Observed, OperatingSystem

# Neither front end is asked unless it is in use: each is a Python program of 0.2 s and more.
_PROBE = r"""
if have firewall-cmd && have systemctl && systemctl -q is-active firewalld.service; then
    runtime=$(firewall-cmd --list-all) || fail 'firewalld is active, but firewall-cmd --list-all fails'
    permanent=$(firewall-cmd --permanent --list-all) || fail 'firewalld is active, but does not tell its settings'
    printf '%s\n' "$runtime" | sed 's/^/firewalld runtime /'
    printf '%s\n' "$permanent" | sed 's/^/firewalld permanent /'
elif have ufw && grep -qsi '^ENABLED=yes' /etc/ufw/ufw.conf; then
    status=$(ufw status verbose) || fail 'ufw is enabled, but ufw status fails'
    printf '%s\n' "$status" | sed 's/^/ufw /'
fi
"""

# Arguments: --add-port=2049/tcp and so on; firewall-cmd takes all of them in one call.
_APPLY_FIREWALLD = r"""
firewall-cmd --quiet --permanent "$@"
firewall-cmd --quiet "$@"
"""

# Arguments: 2049/tcp and so on.
_APPLY_UFW = r"""
for port; do ufw allow "$port" comment mountwright; done
"""

# What firewalld's own services open, of those that carry NFS.
_SERVICES = {
    "nfs": ("2049/tcp",),
    "nfs3": ("2049/tcp", "2049/udp"),
    "mountd": ("20048/tcp", "20048/udp"),
    "rpc-bind": ("111/tcp", "111/udp"),
}
_UFW_RULE = re.compile(r"(?P<to>\S+)\s+(?P<action>ALLOW|LIMIT|DENY|REJECT)\s")


@dataclass(frozen=True)
class FirewallPorts:
    """Ports (like ``2049/tcp``) that are open: with firewalld in its default zone, now and after a reboot.

    On a host without an active firewall there is nothing to do. ``label`` says what the ports are for.
    """

    label: str
    ports: tuple[str, ...]

    @property
    def id(self) -> str:
        """What the ports are for."""
        return f"firewall_ports:{self.label}"

    def probe(self) -> Script:
        """Print what the active firewall lets through; nothing when none is active."""
        return Script(_PROBE)

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | None:
        """Open what is not open yet. Raises HostError for a rule of ufw that denies one of the ports."""
        del os
        firewall, _, _ = observed.text.partition(" ")
        lines = observed.text.splitlines()
        if firewall == "firewalld":
            opened = [set(_firewalld(lines, scope)) for scope in ("runtime", "permanent")]
            missing = [port for port in self.ports if not all(_covered(port, ranges) for ranges in opened)]
        elif firewall == "ufw":
            missing = list(self._missing_in_ufw(lines))
        else:
            return None
        if not missing:
            return None
        return Change(
            f"open {', '.join(missing)} in {firewall} for {self.label}",
            Script(_APPLY_UFW, arguments=missing)
            if firewall == "ufw"
            else Script(_APPLY_FIREWALLD, arguments=[f"--add-port={port}" for port in missing]),
            silence=300,
        )

    def _missing_in_ufw(self, lines: Iterable[str]) -> Iterator[str]:
        text = "\n".join(lines)
        if "ufw Status: active" not in text or re.search(r"Default: allow \(incoming\)", text):
            return
        rules = [(match["to"], match["action"]) for line in lines if (match := _UFW_RULE.match(line[len("ufw ") :]))]
        for port in self.ports:
            actions = [action for to, action in rules if to == "Anywhere" or _covered(port, _ufw_ranges(to))]
            if actions and actions[0] in {"DENY", "REJECT"}:
                raise HostError(
                    f"a rule of ufw closes {port}, which {self.label} needs; a rule that opens it would come after "
                    "that one and do nothing: remove it (`ufw status numbered`, `ufw delete N`), then run again"
                )
            if not actions:
                yield port


def _firewalld(lines: Iterable[str], scope: str) -> Iterator[str]:
    for line in lines:
        key, colon, value = line.removeprefix(f"firewalld {scope}").strip().partition(": ")
        if not line.startswith(f"firewalld {scope} ") or not colon:
            continue
        if key == "ports":
            yield from value.split()
        elif key == "services":
            for service in value.split():
                yield from _SERVICES.get(service, ())
        elif key == "target" and value.strip() == "ACCEPT":
            yield from ("1-65535/tcp", "1-65535/udp")


def _ufw_ranges(to: str) -> Iterator[str]:
    """``2049/tcp``, ``111,2049/tcp``, ``6000:6007/tcp`` and ``2049`` (both protocols) as ``first-last/protocol``."""
    ports, _, protocol = to.partition("/")
    for part in ports.split(","):
        for each in (protocol,) if protocol else ("tcp", "udp"):
            yield f"{part.replace(':', '-')}/{each}"


def _covered(port: str, ranges: Iterable[str]) -> bool:
    number, _, protocol = port.partition("/")
    for each in ranges:
        span, _, of = each.partition("/")
        first, _, last = span.partition("-")
        if of == protocol and first.isdigit() and int(first) <= int(number) <= int(last or first):
            return True
    return False
