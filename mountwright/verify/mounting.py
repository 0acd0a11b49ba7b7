"""Mounting an export for a moment: one script that leaves nothing behind, and what it saw.

It runs in a mount namespace of its own (``unshare --mount``): what it mounts is seen by nobody else and is gone with
the process, even when that is killed or the connection breaks. All waiting has an end: the mount is soft, and each
command that touches it has a timeout.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from testinfra.host import Host

_STEP_SECONDS = 40
_WRITE_AND_SEARCH = 0o3

# Arguments: what to mount, the version, the name of the file to write, how many seconds a command may take.
# Each line printed is "key value". As root a file is written; where the server refuses that, it is tried once more as
# the directory's owner. It is read back past the page cache (O_DIRECT, with cat(1) for a dd(1) that knows none), so
# that what is read comes from the server.
_SCRIPT = r"""
set -u
say() { printf '%s %s\n' "$1" "$(printf '%s' "$2" | tr '\n' ' ' | cut -c 1-500)"; }
source=$1 version=$2 file=$3 seconds=$4
dir=$(mktemp -d /run/mountwright-verify.XXXXXXXX) || { say mount 'no folder could be made in /run'; exit 0; }
mounted=
end() {
    cd /
    if [ -n "$mounted" ]; then timeout "$seconds" umount "$dir" 2>/dev/null || umount -l "$dir" 2>/dev/null; fi
    rmdir "$dir"
}
trap end EXIT
trap 'exit 99' HUP INT TERM PIPE
take() {
    said=$(timeout "$seconds" mount -t nfs \
        -o "vers=$version,proto=tcp,soft,timeo=50,retrans=2,retry=0,nosuid,nodev,actimeo=0" \
        "$source" "$dir" 2>&1) && mounted=1
}
as() {
    who=$1; shift
    case $who in
        root) timeout "$seconds" "$@" 2>&1 ;;
        *) timeout "$seconds" setpriv --reuid "${who%:*}" --regid "${who#*:}" --clear-groups "$@" 2>&1 ;;
    esac
}
take || { say mount "${said:-no answer within $seconds s}"; exit 0; }
say mount ok
say type "$(awk -v dir="$dir" '$2 == dir { print $3 " " $4 }' /proc/self/mounts | tail -n 1)"
owner=$(timeout "$seconds" stat -c '%u %g %a' "$dir" 2>&1) || { say stat "$owner"; exit 0; }
say directory "$owner"
set -- $owner
writer=
for who in root "$1:$2"; do
    case $who in 0:*) continue ;; esac
    key=owner
    [ "$who" = root ] && key=root
    if said=$(as "$who" sh -c 'printf "%s\n" "$2" >"$1/$2"' write "$dir" "$file"); then
        say "$key" ok
        writer=$who
        break
    fi
    say "$key" "${said:-exit code not 0}"
    # A read-only export refuses everybody.
    case $said in *Read-only*) break ;; esac
done
[ -n "$writer" ] || exit 0
say written "$(timeout "$seconds" stat -c '%u %g' "$dir/$file" 2>&1)"
if said=$(as "$writer" dd if="$dir/$file" iflag=direct status=none); then say read "$said"
else say read "$(as "$writer" cat "$dir/$file")"
fi
said=$(as "$writer" rm -f "$dir/$file") || say delete "${said:-exit code not 0}"
[ -e "$dir/$file" ] && say delete 'the file is still there'
if said=$(timeout "$seconds" umount "$dir" 2>&1)
then mounted=; say umount ok
else say umount "${said:-no answer}"
fi
exit 0
"""


@dataclass(frozen=True)
class Trial:
    """What happened when an export was mounted and written to.

    ``mount``, ``root``, ``owner``, ``umount`` are "ok", or what the host said, or "" when it did not come to that
    (``root`` and ``owner``: writing as root, and then as the directory's owner). ``directory`` is the owner, the
    group and the mode of what was mounted; ``written`` the owner and the group of the file; both as numbers.
    """

    mount: str
    root: str
    owner: str
    directory: tuple[int, int, int]
    written: tuple[int, int]
    read_back: bool
    trouble: str

    @property
    def timed_out(self) -> bool:
        """Whether mounting failed because nobody answered."""
        return "no answer" in self.mount or "timed out" in self.mount


def source(address: str, path: str) -> str:
    """Return what mount(8) calls an export: an IPv6 address stands in brackets."""
    return f"[{address}]:{path}" if ":" in address else f"{address}:{path}"


def attempt(host: Host, what: str, version: str) -> Trial:
    """Mount an export on the host, write, read back, delete, unmount."""
    name = f".mountwright-verify-{secrets.token_hex(8)}"
    done = host.run(
        "unshare --mount --propagation private sh -c %s mount-trial %s %s %s %s",
        _SCRIPT,
        what,
        version,
        name,
        str(_STEP_SECONDS),
    )
    said = dict(line.partition(" ")[::2] for line in done.stdout.splitlines())
    if "mount" not in said:
        said["mount"] = (done.stderr.strip() or f"exit code {done.rc}").replace("\n", " ")
    owner, group, mode = [*said.get("directory", "").split(), "-1", "-1", "0"][:3]
    file_owner, file_group = [*said.get("written", "").split(), "-1", "-1"][:2]
    troubles = [f"{key}: {said[key]}" for key in ("stat", "umount", "delete") if said.get(key, "ok") != "ok"]
    if done.rc != 0:
        troubles.append(f"the trial ended with exit code {done.rc}: {done.stderr.strip()}")
    return Trial(
        mount=said["mount"],
        root=said.get("root", ""),
        owner=said.get("owner", ""),
        directory=(int(owner), int(group), int(mode, 8)),
        written=(int(file_owner), int(file_group)) if file_owner.isdecimal() else (-1, -1),
        read_back=said.get("read") == name,
        trouble="; ".join(troubles),
    )


def may_write(user: int, groups: tuple[int, ...], directory: tuple[int, int, int]) -> bool:
    """Say whether a user may create files in a directory with that owner, group and mode; root always may."""
    owner, group, mode = directory
    if user == 0:
        return True
    shift = 6 if user == owner else 3 if group in groups else 0
    return (mode >> shift) & _WRITE_AND_SEARCH == _WRITE_AND_SEARCH


def plain_mount_error(text: str) -> str:
    """Return what to think of a failed mount, added to what the host said."""
    hints = {
        "access denied": "the server exports it to others only, or not at all",
        "No such file": "the directory is not exported, or is gone",
        "Protocol not supported": "the server does not speak this version",
        "not responding": "rpcbind or mountd does not answer on the server",
        "refused": "nothing listens on the server",
        "no answer": "a firewall drops it, or the server is down",
        "timed out": "a firewall drops it, or the server is down",
        "bad option": "mount.nfs is not installed: inv nfs.client installs it",
        "wrong fs type": "mount.nfs is not installed: inv nfs.client installs it",
        "unknown filesystem": "the kernel has no NFS client",
    }
    hint = next((hint for word, hint in hints.items() if word in text), "")
    return f"{text} ({hint})" if hint else text
