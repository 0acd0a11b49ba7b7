"""Whether the host can mount NFS, or which package brings the mount helper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.doctor.check import Answer, Check
from mountwright.doctor.finding import Finding, error, info
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.duties import Duties

PACKAGES = {"debian": "nfs-common", "redhat": "nfs-utils", "suse": "nfs-client"}

_BODY = r"""
for program in /sbin/mount.nfs /usr/sbin/mount.nfs; do
    if [ -x "$program" ]; then printf 'helper\t%s\n' "$program"; exit 0; fi
done
case $os_family in
    debian) have apt-cache && apt-cache policy nfs-common 2>/dev/null |
        awk '$1 == "Candidate:" && $2 != "(none)" { print "candidate\t" $2 }' ;;
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
        yield error(
            "mount-helper",
            f"{message}, and apt knows no package {package}",
            "run apt-get update; if it is still unknown, see that /etc/apt/sources.list* names the mirror.",
        )
    else:
        yield info("mount-helper", message, f"inv nfs.client installs {package}.")


CHECK = Check("mount_helper", _script, _judge)
