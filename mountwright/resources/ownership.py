"""Mode and owner of a file or directory: how they are probed, compared and set."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.errors import InputError, ProbeError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

_MODE = re.compile(r"[0-7]{3,4}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\\ -]*\$?")
_PERMISSIONS = 0o7777

_GROUP_ID = r"""
# group_id NAME-OR-NUMBER: print the number of the group, or nothing
group_id() {
    case $1 in
        *[!0-9]*) ;;
        *) printf '%s' "$1"; return ;;
    esac
    if have getent; then mw_line=$(getent group "$1") || mw_line=
    else mw_line=$(grep -F -- "$1:" /etc/group | grep -- "^$1:") || mw_line=
    fi
    mw_line=${mw_line#*:*:}
    printf '%s' "${mw_line%%:*}"
}
"""

PROBE_OWNERSHIP = (
    _GROUP_ID
    + r"""
user_id() {
    case $1 in
        *[!0-9]*) id -u -- "$1" 2>/dev/null || : ;;
        *) printf '%s' "$1" ;;
    esac
}
# probe_ownership PATH: print mode and numbers of owner and group, as they are and as $owner and $group ask for
probe_ownership() {
    mw_stat=$(stat -L -c '%a %u %g
%U
%G' -- "$1") || fail "$1 can't be looked at"
    {
        read -r mw_mode mw_uid mw_gid
        read -r mw_user
        read -r mw_group
    } <<END_OF_STAT
$mw_stat
END_OF_STAT
    printf 'mode=%s\nuid=%s\ngid=%s\nuser=%s\ngroup=%s\n' "$mw_mode" "$mw_uid" "$mw_gid" "$mw_user" "$mw_group"
    # what has the declared name has its number; only other names must be looked up
    case $owner in
        ''|"$mw_user"|"$mw_uid") printf 'wanted_uid=%s\n' "$mw_uid" ;;
        *) printf 'wanted_uid=%s\n' "$(user_id "$owner")" ;;
    esac
    case $group in
        ''|"$mw_group"|"$mw_gid") printf 'wanted_gid=%s\n' "$mw_gid" ;;
        *) printf 'wanted_gid=%s\n' "$(group_id "$group")" ;;
    esac
}
# probe_names: print the numbers that $owner and $group ask for, for something that does not exist yet
probe_names() {
    case $owner in ''|root) ;; *) printf 'wanted_uid=%s\n' "$(user_id "$owner")" ;; esac
    case $group in ''|root) ;; *) printf 'wanted_gid=%s\n' "$(group_id "$group")" ;; esac
}
"""
)
"""Shell functions for probes; they use the variables ``owner`` and ``group`` ("" keeps what is there)."""

SET_OWNERSHIP = (
    _GROUP_ID
    + r"""
# A name that nobody has is told before anything is changed.
need_owner() {
    case $owner in
        *[!0-9]*) id -u -- "$owner" >/dev/null 2>&1 || fail "no user is called '$owner' on this host" ;;
    esac
    case $group in
        *[!0-9]*) [ -n "$(group_id "$group")" ] || fail "no group is called '$group' on this host" ;;
    esac
}
# set_ownership PATH: chown before chmod, because chown clears set-user-ID and set-group-ID
set_ownership() {
    if [ -n "$owner$group" ]; then chown -- "$owner${group:+:$group}" "$1"; fi
    chmod -- "$mode" "$1"
}
"""
)
"""Shell functions for steps; they use the variables ``owner``, ``group`` and ``mode``."""


@dataclass(frozen=True)
class Ownership:
    """Who something shall belong to, and its mode.

    ``mode`` is octal, three or four digits. ``owner`` and ``group`` are names or numbers; "" keeps what is there.
    Raises InputError, which names ``what`` it is about, for anything else.
    """

    what: str
    mode: str
    owner: str
    group: str

    def __post_init__(self) -> None:
        if not _MODE.fullmatch(self.mode):
            message = f"expected a mode of three or four octal digits such as 0644, not {self.mode!r}"
            raise InputError(Problem(self.what, 0, "mode", message))
        for key, name in (("owner", self.owner), ("group", self.group)):
            if name and not _NAME.fullmatch(name):
                raise InputError(Problem(self.what, 0, key, f"{name!r} can't be the name of a user or group"))

    @property
    def values(self) -> dict[str, str]:
        """The variables that the shell functions use.

        Five digits, because GNU chmod leaves the set-group-ID bit of a directory alone when it is given fewer.
        """
        return {"owner": self.owner, "group": self.group, "mode": f"{int(self.mode, 8):05o}"}

    def differences(self, seen: Mapping[str, str]) -> list[str]:
        """What is not as declared, in words; ``seen`` is what ``probe_ownership`` printed."""
        try:
            now = int(seen["mode"], 8) & _PERMISSIONS
            uid, gid = seen["uid"], seen["gid"]
            wanted_uid, wanted_gid = seen["wanted_uid"], seen["wanted_gid"]
        except (KeyError, ValueError) as error:
            raise ProbeError(f"the probe's answer can't be read: {error}") from error
        found = []
        wanted = int(self.mode, 8)
        if now != wanted:
            found.append(f"mode {now:04o} -> {wanted:04o}")
        if uid != wanted_uid:
            found.append(f"owner {seen.get('user') or uid} -> {self.owner}")
        if gid != wanted_gid:
            found.append(f"group {seen.get('group') or gid} -> {self.group or 'that of the owner'}")
        return found

    def notes(self, seen: Mapping[str, str]) -> tuple[str, ...]:
        """What a person should know: users and groups that do not exist yet."""
        notes = []
        if "wanted_uid" in seen and not seen["wanted_uid"]:
            notes.append(f"no user is called '{self.owner}' on this host yet")
        if "wanted_gid" in seen and not seen["wanted_gid"]:
            notes.append(f"no group is called '{self.group}' on this host yet")
        return tuple(notes)


def absolute(what: str, path: str) -> None:
    """Raise InputError unless the path is absolute, without NUL, ``.`` or ``..`` parts and is not ``/``."""
    parts = path.split("/")
    if not path.startswith("/") or "\0" in path or not path.strip("/") or {".", ".."} & set(parts):
        raise InputError(Problem(what, 0, "path", f"expected an absolute path without . and .., not {path!r}"))
