"""A boolean of the SELinux policy, on hosts that have SELinux on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.resources.base import Change
from mountwright.shell import Script

if TYPE_CHECKING:
    from mountwright.resources.base import Observed, OperatingSystem

# selinuxfs is mounted when SELinux is on, enforcing or permissive; a boolean's file holds "current pending".
_PROBE = r"""
[ -e /sys/fs/selinux/enforce ] || absent
[ -r "/sys/fs/selinux/booleans/$name" ] || absent
read -r current pending <"/sys/fs/selinux/booleans/$name" || [ -n "$current" ]
printf 'current=%s\n' "$current"
"""

_APPLY = r"""
have setsebool || fail 'setsebool is missing: install policycoreutils'
setsebool -P "$name" on
"""


@dataclass(frozen=True)
class SelinuxBoolean:
    """A boolean that is on, now and after a reboot. Nothing is to be done without SELinux, or without the boolean."""

    name: str

    @property
    def id(self) -> str:
        """The boolean's name."""
        return f"selinux_boolean:{self.name}"

    def probe(self) -> Script:
        """Print ``current=0`` or ``current=1``; absent where there is no such boolean."""
        return Script(_PROBE, values={"name": self.name})

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | None:
        """Switch it on where it is off."""
        del os
        if not observed.present or observed.fields["current"] == "1":
            return None
        # -P rebuilds the policy, which takes half a minute on a slow machine
        return Change(f"switch on the SELinux boolean {self.name}", Script(_APPLY, {"name": self.name}), silence=600)
