"""Units of systemd: services, sockets and the like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.errors import HostError, InputError, Problem
from mountwright.resources.base import Change
from mountwright.resources.package import FAMILIES
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mountwright.resources.base import Observed, OperatingSystem
    from mountwright.shell import Value

_NAME = re.compile(r"[A-Za-z0-9:_.\\][A-Za-z0-9:_.\\@-]*")
_SUFFIX = re.compile(r"\.(service|socket|target|timer|path|mount|automount|swap|slice|scope|device)$")

# Variables: debian, redhat, suse: the unit's name. One question; its exit code says nothing (systemctl is 0 for a
# unit that does not exist), the properties do.
_PICK = r"""
case $os_family in debian) unit=$debian ;; redhat) unit=$redhat ;; suse) unit=$suse ;; *) unit= ;; esac
"""

_PROBE = (
    _PICK
    + r"""
[ -n "$unit" ] || exit 0
[ -d /run/systemd/system ] || exit 0
properties=Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload,FragmentPath
systemctl show --no-pager -p "$properties" -- "$unit" ||
    fail "systemd does not answer about $unit"
"""
)

# Variables besides the names: unmask, reload, enable ("", enable, disable), state ("", start, stop), mask.
_APPLY = (
    _PICK
    + r"""
property() { systemctl show --no-pager -p "$1" -- "$unit" | sed "s/^$1=//"; }
if [ -n "$unmask" ]; then
    systemctl unmask -- "$unit"
    systemctl --runtime unmask -- "$unit"
    if [ "$(property LoadState)" = masked ]; then
        fail "$unit is masked by the package that brings it ($(property FragmentPath)); another unit does its work"
    fi
fi
if [ -n "$reload" ] || [ "$(property NeedDaemonReload)" = yes ]; then systemctl daemon-reload; fi
# systemctl enables and masks by the real name only
real=$(property Id)
[ -z "$real" ] || unit=$real
if [ -z "$mask" ] && [ -n "$enable$state" ] && [ "$(property LoadState)" = not-found ]; then
    fail "there is no unit $unit${package:+; it comes with $package}"
fi
case $enable in
    enable) systemctl enable -- "$unit" ;;
    disable) systemctl disable -- "$unit" ;;
esac
if [ -n "$mask" ]; then systemctl mask -- "$unit"; fi
show_why() {
    printf '%s is %s (%s); its last words:\n' "$unit" "$(property ActiveState)" "$(property SubState)" >&2
    if have journalctl; then journalctl -u "$unit" -n 5 --no-pager >&2 || :; fi
}
case $state in
    start)
        # systemd gives up on a unit that has failed too often, until it is told to forget
        systemctl reset-failed -- "$unit" 2>/dev/null || :
        code=0
        systemctl start -- "$unit" || code=$?
        if [ "$code" -ne 0 ]; then
            show_why
            fail "$unit could not be started"
        fi
        if ! systemctl is-active --quiet -- "$unit"; then
            if [ "$(property ConditionResult)" = no ]; then
                fail "$unit was not started: a condition in its unit file is not met on this host"
            fi
            show_why
            fail "$unit did not stay active"
        fi
        ;;
    stop)
        if [ "$(property ActiveState)" != inactive ]; then
            systemctl stop -- "$unit"
            systemctl reset-failed -- "$unit" 2>/dev/null || :
        fi
        ;;
esac
"""
)

# Where there is nothing to enable: no [Install] section, made by a generator, or enabled through another unit.
_NOT_TO_BE_ENABLED = ("static", "indirect", "generated", "transient", "alias")
_RUNNING = ("active", "reloading", "refreshing")


@dataclass(frozen=True)
class Unit:
    """A systemd unit that is ``enabled`` or not, ``active`` or not, ``masked`` or not; None leaves it as it is.

    ``names`` is the unit's name, or its name for each family (``debian``, ``redhat``, ``suse``); ``.service`` may be
    left out. An alias is as good as the name, except for masking, which takes the name alone. A unit that can't be
    enabled (static, generated, indirect) counts as enabled and as disabled. Enabling or starting a masked unit
    unmasks it. ``masked=True`` stops the unit and keeps all from starting it, also before its package is installed.
    ``package`` names where the unit comes from, for messages.

    A unit that does not exist yet is planned as a change: an earlier package brings it. Nothing is ever restarted.
    Raises InputError for contradictory wishes and for what can't be a unit's name.
    """

    names: str | Mapping[str, str]
    enabled: bool | None = None
    active: bool | None = None
    masked: bool | None = None
    package: str = ""

    def __post_init__(self) -> None:
        for family in self._by_family:
            if family not in FAMILIES:
                raise InputError(Problem("unit", 0, "names", f"no family of systems is called {family!r}"))
        for name in (self.names,) if isinstance(self.names, str) else self.names.values() or ("",):
            if not _NAME.fullmatch(name):
                raise InputError(Problem("unit", 0, "names", f"{name!r} can't be the name of a unit"))
        if self.masked and (self.enabled or self.active):
            raise InputError(Problem(self.id, 0, "masked", "a masked unit can't be enabled or active"))

    @property
    def _by_family(self) -> dict[str, str]:
        if isinstance(self.names, str):
            return {family: _full(self.names) for family in FAMILIES}
        return {family: _full(name) for family, name in self.names.items()}

    @property
    def id(self) -> str:
        """``unit:NAME``, the name of the first family."""
        return f"unit:{next(iter(self._by_family.values()))}"

    def probe(self) -> Script:
        """Ask systemd for the unit's properties."""
        return Script(_PROBE, self._variables)

    @property
    def _variables(self) -> dict[str, str]:
        return {family: self._by_family.get(family, "") for family in FAMILIES}

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | None:
        """Compare the unit's state. Raises HostError without systemd or without a name for this family."""
        name = self._by_family.get(os.family)
        if name is None:
            raise HostError(f"{os.name or os.id or 'this system'} is not supported here: no unit is known for it")
        if not os.systemd:
            raise HostError(f"systemd does not run on this host, and {name} is its unit; boot the host with systemd")
        seen = observed.fields
        missing = seen.get("LoadState") == "not-found"
        if seen.get("LoadState") in ("bad-setting", "error"):
            raise HostError(
                f"systemd can't read the unit file of {name} ({seen.get('FragmentPath') or seen['LoadState']}); "
                f"see: systemctl status {name}"
            )
        real = seen.get("Id", name)
        if self.masked and real != name:
            raise HostError(f"{name} is an alias of {real} on this host, which is the one to mask")
        steps = self._steps(seen)
        if not any(steps.values()):
            return None
        words = [word for word in (steps["enable"], steps["state"]) if word]
        words = [word for word in (steps["mask"], steps["unmask"], *words) if word]
        notes = []
        if missing and not self.masked:
            notes.append("its package is not installed yet" + (f": {self.package}" if self.package else ""))
        if seen.get("ActiveState") == "failed" and steps["state"] == "start":
            notes.append("it has failed before")
        values: dict[str, Value] = {
            **self._variables,
            **steps,
            "reload": seen.get("NeedDaemonReload") == "yes",
            "package": self.package,
        }
        return Change(f"{' and '.join(words)} {name}", Script(_APPLY, values), notes=tuple(notes))

    def _steps(self, seen: Mapping[str, str]) -> dict[str, str]:
        """What is to be done, each "" when nothing."""
        file_state = seen.get("UnitFileState", "")
        active = seen.get("ActiveState", "inactive")
        steps = {"unmask": "", "enable": "", "state": "", "mask": ""}
        stopped = active in ("inactive", "failed")
        if self.masked:
            steps["mask"] = "" if file_state == "masked" else "mask"
            steps["state"] = "" if stopped else "stop"
            return steps
        masked = file_state.startswith("masked") or seen.get("LoadState") == "masked"
        if masked and (self.enabled or self.active or self.masked is False):
            steps["unmask"] = "unmask"
        missing = seen.get("LoadState") == "not-found"
        if self.enabled is True and file_state != "enabled" and file_state not in _NOT_TO_BE_ENABLED:
            steps["enable"] = "enable"
        elif self.enabled is False and file_state in ("enabled", "enabled-runtime", "linked", "linked-runtime"):
            steps["enable"] = "disable"
        if self.active is True and (missing or active not in _RUNNING):
            steps["state"] = "start"
        elif self.active is False and not stopped:
            steps["state"] = "stop"
        return steps


def _full(name: str) -> str:
    """The name with its suffix; systemctl would add it likewise."""
    return name if _SUFFIX.search(name) else f"{name}.service"
