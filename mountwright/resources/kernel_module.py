"""Modules of the kernel: loaded now, and after every boot."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.errors import HostError, InputError, Problem
from mountwright.resources.base import Change
from mountwright.resources.kernel_module_scripts import APPLY, PROBE
from mountwright.resources.package_install import INSTALL, INSTALL_SILENCE
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mountwright.resources.base import Observed, OperatingSystem

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_PARAMETER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_VALUE = re.compile(r"[A-Za-z0-9_.,:/+-]+")
_HEADER = "# Written by Mountwright; changes are overwritten.\n"

_INSTALL = (
    INSTALL
    + r"""
install_packages "$@"
"""
)


@dataclass(frozen=True)
class KernelModule:
    """A kernel module that is loaded (``load_now``) and will be after every boot (``persistent``).

    Persistent is a module that any file of modules-load.d(5) lists; where none does, it gets the file
    ``/etc/modules-load.d/mountwright-NAME.conf``. ``parameters`` are written to
    ``/etc/modprobe.d/mountwright-NAME.conf``; a module that is already loaded takes them when it is loaded next.
    ``-`` and ``_`` in the name are the same.

    A module that the running kernel lacks is brought by a package where the distribution has one for this kernel.
    Refused with what to do instead: a container, a module that modprobe.d blocks, a kernel that was upgraded without
    a reboot, a kernel that no package brings the module for. Raises InputError for what can't be a name or value.
    """

    name: str
    parameters: Mapping[str, str] | None = None
    load_now: bool = True
    persistent: bool = True

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InputError(Problem("kernel_module", 0, "name", f"{self.name!r} can't be the name of a module"))
        for key, value in (self.parameters or {}).items():
            if not _PARAMETER.fullmatch(key) or not _VALUE.fullmatch(value):
                message = f"{key}={value!r} can't be a parameter of a module"
                raise InputError(Problem(self.id, 0, "parameters", message))

    @property
    def id(self) -> str:
        """``kernel_module:NAME``."""
        return f"kernel_module:{self.name}"

    @property
    def _module(self) -> str:
        return self.name.replace("-", "_")

    @property
    def _options(self) -> str:
        """The content of our file in modprobe.d; "" when there are no parameters."""
        if not self.parameters:
            return ""
        words = [f"{key}={value}" for key, value in self.parameters.items()]
        return f"{_HEADER}options {self._module} {' '.join(words)}\n"

    def probe(self) -> Script:
        """Print whether it is loaded, built in or available, what lists and what blocks it."""
        pattern = re.sub("[-_]", "[-_]", self.name)
        return Script(PROBE, {"module": self._module, "pattern": pattern})

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | None:
        """Plan to install, to load and to list the module. Raises HostError as the class says."""
        seen = observed.fields
        state = seen.get("state", "missing")
        here = state in ("loaded", "builtin")
        load = self.load_now and not here
        listed = "persistent" in seen or state == "builtin" or not self.persistent
        wanted = hashlib.sha256(self._options.encode()).hexdigest() if self._options else ""
        options = bool(wanted) and seen.get("options") != wanted
        container = seen.get("container", "")
        if container and (load or not listed or options):
            raise HostError(
                f"this host is a container ({container}), which can't load kernel modules; "
                f"load {self.name} on the machine that it runs on"
            )
        if "blocked" in seen and state != "builtin" and (load or self.persistent):
            raise HostError(f"the module {self.name} is blocked by {seen['blocked']}; remove that line and run again")
        if state == "missing":
            return self._install(seen, os)
        if not (load or not listed or options):
            return None
        return self._change(seen, load=load, listed=listed, options=options)

    def _change(self, seen: Mapping[str, str], *, load: bool, listed: bool, options: bool) -> Change:
        words = []
        if options:
            words.append(f"set parameters of {self.name}")
        if load:
            words.append(f"load {self.name}")
        if not listed:
            words.append(f"load {self.name} after every boot" if not load else "also after every boot")
        notes: tuple[str, ...] = ()
        if options and not load and seen.get("state") == "loaded":
            notes = (f"{self.name} is loaded already: its parameters take effect when it is loaded next",)
        values = {
            "module": self._module,
            "content": "" if listed else f"{_HEADER}{self._module}\n",
            "options": self._options if options else "",
            "options_seen": seen.get("options", ""),
            "load": "1" if load else "",
        }
        return Change(", ".join(words), Script(APPLY, values), notes=notes)

    def _install(self, seen: Mapping[str, str], os: OperatingSystem) -> Change:
        release = seen.get("release", os.kernel)
        package = seen.get("package") or (seen.get("try_package") if os.id == "ubuntu" else "")
        if package:
            notes: tuple[str, ...] = (f"{self.name} is loaded when {package} is there",)
            if "package" not in seen:
                notes += ("the host has no lists of packages yet, so whether it exists is not known",)
            return Change(
                f"install {package}, which brings the module {self.name}",
                Script(_INSTALL, arguments=[package]),
                settle_first=True,
                silence=INSTALL_SILENCE,
                notes=notes,
            )
        raise HostError(self._why_missing(seen, release))

    def _why_missing(self, seen: Mapping[str, str], release: str) -> str:
        if "no_tree" in seen and "other_tree" in seen:
            return (
                f"the modules of the running kernel {release} are gone, those of {seen['other_tree']} are there: the "
                "kernel was upgraded; reboot the host and run again"
            )
        if "no_tree" in seen:
            return f"the running kernel {release} has no modules on disk; boot the distribution's own kernel"
        if "no_kmod" in seen:
            return f"kmod is not installed, so the module {self.name} can't be found or loaded; install kmod"
        if "reduced_kernel" in seen:
            return (
                f"the kernel of {seen['reduced_kernel']} has no module {self.name}; install kernel-default in its "
                "place, reboot and run again"
            )
        return (
            f"the running kernel {release} has no module {self.name}, and no package of this host's sources brings "
            "it; boot the distribution's standard kernel"
        )
