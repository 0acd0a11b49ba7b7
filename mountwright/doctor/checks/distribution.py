"""Whether this is a system that the roles know, with the tools that they need."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mountwright.doctor.check import Answer, Check
from mountwright.doctor.finding import Finding, error, info, warning
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.duties import Duties

_OLDEST = {"debian": (11,), "ubuntu": (20, 4)}
_OLDEST_OF_FAMILY = {"redhat": (8,), "suse": (15,)}
_NO_OLDEST = {"fedora": (38,), "opensuse-tumbleweed": (0,)}
"""Distributions of a family with a numbering of their own."""

_BODY = r"""
for tool in flock mktemp stat readlink sync tail; do have "$tool" || printf 'missing\t%s\n' "$tool"; done
if have systemd-detect-virt; then printf 'container\t%s\n' "$(systemd-detect-virt -c 2>/dev/null)"
elif [ -f /.dockerenv ] || [ -f /run/.containerenv ]; then printf 'container\tyes\n'
fi
printf 'readonly\t%s\n' "$([ -w /etc ] || echo yes)"
"""


def _script(_duties: Duties) -> Script:
    return Script(_BODY)


def _judge(answer: Answer) -> Iterator[Finding]:
    os = answer.os
    name = os.name or os.id or "an unknown system"
    supported = "Debian 11, Ubuntu 20.04, RHEL 8 or SUSE 15 (or newer, or a relative of theirs)"
    if os.family == "other":
        yield error("distribution", f"{name} is none of the distributions that the roles know", f"use {supported}.")
    elif (oldest := oldest_supported(os.id, os.family)) and _version(os.version) < oldest:
        yield warning(
            "distribution",
            f"{name} is older than any version that mountwright is tested with",
            f"upgrade the host; supported are {supported}.",
        )
    if not os.systemd:
        yield error("systemd", "systemd does not run here: services can't be enabled", "boot the host with systemd.")
    container = answer.value("container")
    if container not in ("", "none"):
        consequence = "it has its host's kernel: modules are loaded there"
        if answer.duties.serves:
            consequence += ", and the kernel's NFS server most likely can't run here"
        level = warning if answer.duties.serves else info
        yield level("container", f"this is a container ({container}); {consequence}", "use a machine or a VM.")
    if missing := answer.values("missing"):
        yield error(
            "tools",
            f"{', '.join(missing)} not found: steps on the host need {'it' if len(missing) == 1 else 'them'}",
            "install coreutils and util-linux.",
        )
    if answer.value("readonly"):
        yield error(
            "read-only",
            "/etc can't be written to by the user that mountwright becomes",
            "connect as root or with ansible_become, and see that / is mounted rw (findmnt /).",
        )


def oldest_supported(distribution: str, family: str) -> tuple[int, ...] | None:
    """Return the oldest version that is supported, or None when the numbering is not known."""
    if distribution in _NO_OLDEST:
        return _NO_OLDEST[distribution]
    if family in _OLDEST_OF_FAMILY:
        return _OLDEST_OF_FAMILY[family]
    return _OLDEST.get(distribution)


def _version(text: str) -> tuple[int, ...]:
    # No version at all is a rolling or testing release: newer than everything.
    return tuple(int(part) for part in re.findall(r"\d+", text)) or (10**9,)


CHECK = Check("distribution", _script, _judge)
