"""Whether the package manager is free and in order: read from /proc, since taking its lock is a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.doctor.check import Answer, Check
from mountwright.doctor.finding import Finding, error, info, warning
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.duties import Duties

# A process that holds a lock stands in /proc/locks (proc(5): columns 2 kind, 4 access, 5 pid) and has the file open.
# The inode numbers there can't be compared with stat(1)'s on overlay and btrfs file systems; the open file can.
# A waiting process has "->" in column 2 and no pid in column 5 by that name, so it isn't taken for the holder.
# dnf and zypper keep pid files as well, which may be stale: the process has to live.
_BODY = r"""
case $os_family in
    debian) have apt-get || printf 'missing\tapt-get\n' ;;
    redhat) have dnf || have yum || printf 'missing\tdnf\n' ;;
    suse) have zypper || printf 'missing\tzypper\n' ;;
esac
while read -r number kind _ access pid _; do
    [ "$access" = WRITE ] || continue
    case $pid in ''|*[!0-9]*|0) continue ;; esac
    for fd in /proc/"$pid"/fd/*; do
        opened=$(readlink "$fd" 2>/dev/null) || continue
        case $opened in
            /var/lib/dpkg/lock|/var/lib/dpkg/lock-frontend|/var/lib/apt/lists/lock|/var/cache/apt/archives/lock|\
            /var/lib/rpm/.rpm.lock|/usr/lib/sysimage/rpm/.rpm.lock)
                printf 'held\t%s\t%s\t%s\n' "$opened" "$pid" "$(cat "/proc/$pid/comm" 2>/dev/null)"
                break
                ;;
        esac
    done
done </proc/locks
for file in /var/run/yum.pid /run/zypp.pid /var/cache/dnf/*_lock.pid; do
    [ -r "$file" ] || continue
    read -r pid <"$file" || [ -n "$pid" ] || continue
    case $pid in ''|*[!0-9]*) continue ;; esac
    [ -d "/proc/$pid" ] || continue
    comm=$(cat "/proc/$pid/comm" 2>/dev/null) || continue
    case $comm in
        yum*|dnf*|zypp*|Zypp*|packagekit*|y2*|python*|platform-python*)
            printf 'held\t%s\t%s\t%s\n' "$file" "$pid" "$comm" ;;
    esac
done
if [ "$os_family" = debian ] && have dpkg-query; then
    dpkg-query -W -f='${db:Status-Abbrev}\t${Package}\n' 2>/dev/null | while IFS='	' read -r status package; do
        case $status in
            ??R*|[a-z][HUFWt]*) printf 'broken\t%s\n' "$package" ;;
        esac
    done
    for file in /var/lib/dpkg/updates/[0-9]*; do
        if [ -e "$file" ]; then printf 'journal\tyes\n'; break; fi
    done
fi
"""


def _script(_duties: Duties) -> Script:
    return Script(_BODY)


def _judge(answer: Answer) -> Iterator[Finding]:
    if missing := answer.value("missing"):
        yield error(
            "package-manager",
            f"{missing} is not there: packages can't be installed",
            f"install {missing}, or use a distribution that has it.",
        )
    holders = {row[2]: row for row in answer.rows if row[0] == "held"}
    for _, path, pid, command in holders.values():
        yield warning(
            "package-lock",
            f"the package manager is busy: {command or 'a process'} (pid {pid}) holds {path}",
            "wait until it is done (inv site waits too); a fresh machine often updates itself in its first minutes.",
        )
    broken = answer.values("broken")
    if not broken and not answer.value("journal"):
        return
    what = f"half-installed: {', '.join(broken[:5])}{' and more' if len(broken) > 5 else ''}"  # noqa: PLR2004 - enough
    message = what if broken else "dpkg was interrupted"
    if holders:
        yield info(
            "package-state", f"{message}; most likely because of the work that is going on", "look again later."
        )
    else:
        yield warning(
            "package-state",
            f"{message}: apt refuses to install anything like that",
            "run dpkg --configure -a and see that it ends well (inv site tries the same before it installs).",
        )


CHECK = Check("package_manager", _script, _judge)
