"""Whether the host can mount NFS, or which package brings the mount helper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.doctor.check import Answer, Check
from mountwright.doctor.finding import Finding, error, info, warning
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.duties import Duties

PACKAGES = {"debian": "nfs-common", "redhat": "nfs-utils", "suse": "nfs-client"}

# As root apt-cache(8) would write its caches to the disk; with no names for them it doesn't.
_BODY = r"""
for program in /sbin/mount.nfs /usr/sbin/mount.nfs; do
    if [ -x "$program" ]; then printf 'helper\t%s\n' "$program"; exit 0; fi
done
case $os_family in
    debian) have apt-cache && apt-cache -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= policy nfs-common \
        2>/dev/null | awk '$1 == "Candidate:" && $2 != "(none)" { print "candidate\t" $2 }'
        if grep -Eqs '^[[:space:]]*(deb|URIs:)[[:space:]]' /etc/apt/sources.list /etc/apt/sources.list.d/*
        then printf 'sources\tyes\n'; fi
        for file in /var/lib/apt/lists/*Packages*; do
            if [ -e "$file" ]; then printf 'lists\tyes\n'; break; fi
        done ;;
esac
"""


def _script(duties: Duties) -> Script | None:
    return Script(_BODY) if duties.mounts_from else None


def _judge(answer: Answer) -> Iterator[Finding]:
    if answer.value("helper"):
        return
    package = PACKAGES.get(answer.os.family)
    message = "mount.nfs is not installed: neither the host nor kubelet can mount NFS volumes yet"
    if package is None:
        yield error("mount-helper", message, "install the package of nfs-utils that this distribution has.")
    elif answer.os.family == "debian" and not answer.value("candidate"):
        yield from _unknown_to_apt(answer, f"{message}, and apt knows no package {package}")
    else:
        yield info("mount-helper", message, f"inv nfs.client installs {package}.")


def _unknown_to_apt(answer: Answer, message: str) -> Iterator[Finding]:
    if not answer.value("sources"):
        yield error("mount-helper", f"{message}: it has no sources", "name a mirror in /etc/apt/sources.list.d.")
    elif answer.value("lists"):
        yield warning(
            "mount-helper",
            message,
            "inv nfs.client runs apt-get update first; should that not help, see that /etc/apt names the mirror.",
        )
    else:
        yield info("mount-helper", f"{message} yet: its lists are empty", "inv nfs.client runs apt-get update first.")


CHECK = Check("mount_helper", _script, _judge)
