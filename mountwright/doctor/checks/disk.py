"""Whether there is room for the packages, the logs and the exported data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.doctor.check import Answer, Check
from mountwright.doctor.finding import Finding, error, info, warning
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.duties import Duties

MIB = 1024
"""df(1) counts in KiB."""
FAIL_KIB = 200 * MIB  # nfs-kernel-server with its dependencies and their archives takes about 60 MiB
WARN_KIB = 1024 * MIB
WARN_INODES = 2000

_SYSTEM = ("/", "/var", "/etc")
_BAD_FILE_SYSTEMS = {
    "overlay": "needs nfs_export=on and fsid= to be exported, and breaks file handles easily",
    "tmpfs": "is lost at the next reboot",
    "ramfs": "is lost at the next reboot",
    "nfs": "can't be exported again without losing locks (re-export)",
    "nfs4": "can't be exported again without losing locks (re-export)",
    "fuse": "often can't be exported by the kernel's server",
    "ceph": "is a network file system: mount it on the nodes instead",
    "squashfs": "can't be written to",
    "iso9660": "can't be written to",
}

# Of an export that is not there yet, the nearest folder above it that is.
_BODY = r"""
for path in "$@"; do
    there=$path
    while [ ! -e "$there" ] && [ "$there" != / ]; do there=$(dirname -- "$there"); done
    room=$(df -Pk -- "$there" 2>/dev/null | awk 'NR == 2 { print $4 "\t" $6 }') || continue
    files=$(df -Pi -- "$there" 2>/dev/null | awk 'NR == 2 { print $2 "\t" $4 }') || files='0	0'
    printf 'room\t%s\t%s\t%s\t%s\n' "$path" "$(stat -f -c %T -- "$there")" "$room" "${files:-0	0}"
done
"""


def _script(duties: Duties) -> Script:
    exported = [export.path for export in duties.serves.exports] if duties.serves else []
    return Script(_BODY, arguments=tuple(dict.fromkeys((*_SYSTEM, *exported))))


def _judge(answer: Answer) -> Iterator[Finding]:
    seen: set[tuple[str, bool]] = set()
    for row in answer.rows:
        if len(row) != 7:  # noqa: PLR2004 - the columns that the script prints
            yield info("disk", f"the room on a file system could not be read: {' '.join(row[1:3])}")
            continue
        _, path, kind, free, mount, inodes, free_inodes = row
        exported = path not in _SYSTEM
        if exported and (reason := _bad_file_system(kind)):
            yield warning(
                "export-filesystem",
                f"{path} is on {kind}, which {reason}",
                "put the export on a local file system: xfs or ext4.",
            )
        if (mount, exported) in seen:
            continue
        seen.add((mount, exported))
        where = path if path == mount else f"{path} (on {mount})"
        yield from _room(where, int(free), exported=exported)
        if int(inodes) and int(free_inodes) < WARN_INODES:
            yield warning(
                "disk-inodes",
                f"only {free_inodes} more files can be made in {where}",
                f"delete files there, or give {mount} a larger file system.",
            )


def _room(where: str, free_kib: int, *, exported: bool) -> Iterator[Finding]:
    remedy = "free some (df -h; apt-get clean or dnf clean all; journalctl --vacuum-size=100M) or enlarge it."
    message = f"only {free_kib // MIB} MiB are free in {where}"
    if free_kib < FAIL_KIB and not exported:
        yield error("disk", message, remedy)
    elif free_kib < WARN_KIB:
        yield warning("disk", message, remedy)


def _bad_file_system(kind: str) -> str | None:
    # stat(1) calls overlayfs "overlayfs" and FUSE "fuseblk" or "fuse".
    name = {"overlayfs": "overlay", "fuseblk": "fuse"}.get(kind, kind)
    return _BAD_FILE_SYSTEMS.get(name)


CHECK = Check("disk", _script, _judge)
