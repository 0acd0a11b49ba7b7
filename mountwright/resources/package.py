"""Packages of the distribution."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.errors import HostError, InputError, ProbeError, Problem
from mountwright.resources.base import Change
from mountwright.resources.package_install import INSTALL, INSTALL_SILENCE
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mountwright.resources.base import Observed, OperatingSystem

FAMILIES = ("debian", "redhat", "suse")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._:~-]*")

# Variables: debian, redhat, suse: names with spaces between. Prints lines NAME TAB WANT TAB ERROR TAB STATE (dpkg) or
# NAME TAB installed (rpm); no line for what is not known. A line "image" TAB WHAT: packages can't be added here.
_PROBE = r"""
tab=$(printf '\t')
case $os_family in debian) names=$debian ;; redhat) names=$redhat ;; suse) names=$suse ;; *) names= ;; esac
[ -n "$names" ] || exit 0
set -f
# shellcheck disable=SC2086 # names were checked to be without spaces and patterns
set -- $names
if [ "$os_family" = debian ]; then
    have dpkg-query || fail 'dpkg-query is missing: this is no Debian system as it should be'
    code=0
    dpkg-query -W -f="\${Package}$tab\${db:Status-Want}$tab\${db:Status-Eflag}$tab\${db:Status-Status}\n" \
        -- "$@" 2>/dev/null || code=$?
    # 1: some of them are not known, which is an answer
    [ "$code" -le 1 ] || fail "dpkg-query ended with $code: the database of packages can't be read"
    exit 0
fi
have rpm || fail 'rpm is missing: the installed packages can not be known'
rpm -q --qf "%{NAME}${tab}installed\n" -- "$@" || :
if [ -e /run/ostree-booted ]; then printf 'image\trpm-ostree\n'
elif have transactional-update && [ ! -w /usr ]; then printf 'image\ttransactional-update\n'
fi
"""

_INSTALL = (
    INSTALL
    + r"""
install_packages "$@"
"""
)

# What is left of an interrupted installation; dpkg --configure -a or a new attempt finishes it.
_UNFINISHED = ("half-installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending")


@dataclass(frozen=True)
class Package:
    """Packages that must be installed, of whatever version; recommended ones are not taken along.

    ``names`` gives for each family (``debian``, ``redhat``, ``suse``) a name or several; one resource may hold
    several packages, which are then installed together. Real names are meant, not virtual ones. ``label`` is how the
    report calls it; by default the names of the first family. Raises InputError for what can't be a name.

    Installing waits for the package manager's lock, finishes what an interrupted dpkg left, never removes a package
    and never replaces a changed configuration file.
    """

    names: Mapping[str, str | tuple[str, ...]]
    label: str = ""

    def __post_init__(self) -> None:
        if not self.names:
            raise InputError(Problem("package", 0, "names", "expected the name of a package"))
        for family in self.names:
            if family not in FAMILIES:
                raise InputError(Problem(self.id, 0, "names", f"no family of systems is called {family!r}"))
            for name in self.names_for(family):
                if not _NAME.fullmatch(name):
                    raise InputError(Problem(self.id, 0, family, f"{name!r} can't be the name of a package"))

    @property
    def id(self) -> str:
        """``package:LABEL``, the same on every family."""
        return f"package:{self.label or ','.join(self.names_for(next(iter(self.names))))}"

    def names_for(self, family: str) -> tuple[str, ...]:
        """The packages' names on a family of systems; () when there is none."""
        names = self.names.get(family, ())
        return (names,) if isinstance(names, str) else tuple(names)

    def probe(self) -> Script:
        """Ask dpkg or rpm for the state of all of them, in one question."""
        return Script(_PROBE, {family: " ".join(self.names_for(family)) for family in FAMILIES})

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | None:
        """Plan to install what is missing, or to finish what was interrupted.

        Raises HostError for a family that has no name here, a package on hold, and a system that is an image.
        """
        names = self.names_for(os.family)
        if not names:
            known = ", ".join(sorted(self.names))
            raise HostError(
                f"{os.name or os.id or 'this system'} is not supported here: packages are known for {known}"
            )
        states, image = _read(observed.text, os.family)
        missing = [name for name in names if states.get(name, "") in ("", "not-installed", "config-files", "held")]
        unfinished = [name for name in names if states.get(name) in _UNFINISHED]
        if not missing and not unfinished:
            return None
        held = [name for name in missing if states.get(name) == "held"]
        if held:
            raise HostError(f"{held[0]} is on hold and not installed; release it with: apt-mark unhold {held[0]}")
        if image:
            raise HostError(
                f"{', '.join(missing)}: the system is an image that packages are not simply added to; "
                f"install with {image}, reboot and run again"
            )
        summary = [f"install {', '.join(missing)}"] if missing else []
        summary += [f"finish the installation of {name} ({states[name]})" for name in unfinished]
        script = Script(_INSTALL, arguments=[*missing, *unfinished])
        return Change("; ".join(summary), script, settle_first=True, silence=INSTALL_SILENCE)


def _read(text: str, family: str) -> tuple[dict[str, str], str]:
    """The state of each package that the answer names, and what installs packages on an image ("": is none)."""
    states: dict[str, str] = {}
    image = ""
    for line in text.splitlines():
        words = line.split("\t")
        if words[0] == "image":
            image = words[1]
        elif family == "debian" and len(words) == 4:  # noqa: PLR2004 - as the probe prints them
            name, want, flag, state = words
            _keep_best(states, name, _dpkg_state(want, flag, state))
        elif family != "debian" and len(words) == 2:  # noqa: PLR2004 - as the probe prints them
            states[words[0]] = words[1]
        elif family != "debian" and re.fullmatch(r"package \S+ is not installed", line):
            states.setdefault(line.split()[1], "")
        else:
            raise ProbeError(f"the package database gave an answer that can't be read: {line!r}")
    return states, image


def _dpkg_state(want: str, flag: str, state: str) -> str:
    if flag == "reinstreq":
        return "half-installed"
    if want == "hold" and state in ("not-installed", "config-files"):
        return "held"
    return state


def _keep_best(states: dict[str, str], name: str, state: str) -> None:
    """Of a package that is there for several architectures, one that is installed is enough."""
    if states.get(name) != "installed":
        states[name] = state
