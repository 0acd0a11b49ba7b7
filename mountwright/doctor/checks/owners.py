"""Whether the exported directories' owners exist, and what stands at their paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.doctor.check import Answer, Check
from mountwright.doctor.finding import Finding, error, warning
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.duties import Duties

_BODY = r"""
number=0
while [ "$#" -gt 2 ]; do
    path=$1 owner=$2 group=$3
    shift 3
    case $owner in ''|*[!0-9]*) getent passwd -- "$owner" >/dev/null || printf 'no-user\t%s\n' "$number" ;; esac
    if [ -n "$group" ]; then
        case $group in *[!0-9]*) getent group -- "$group" >/dev/null || printf 'no-group\t%s\n' "$number" ;; esac
    fi
    if [ -L "$path" ] && [ ! -e "$path" ]; then printf 'is\t%s\tbroken symbolic link\n' "$number"
    elif [ -e "$path" ] && [ ! -d "$path" ]; then printf 'is\t%s\t%s\n' "$number" "$(stat -L -c %F -- "$path")"
    else
        up=$path
        while [ ! -e "$up" ] && [ "$up" != / ]; do up=$(dirname -- "$up"); done
        if [ "$up" != "$path" ] && [ ! -d "$up" ]; then printf 'above\t%s\t%s\n' "$number" "$up"; fi
        if [ -d "$path" ]; then
            printf 'has\t%s\t%s\t%s\n' "$number" "$(stat -L -c %a -- "$path")" \
                "$(find "$path" -mindepth 1 -maxdepth 1 -print 2>/dev/null | head -n 1 | wc -l)"
        fi
    fi
    number=$((number + 1))
done
"""


def _script(duties: Duties) -> Script | None:
    if not duties.serves or not duties.serves.exports:
        return None
    words = [word for export in duties.serves.exports for word in (export.path, export.owner, export.group)]
    return Script(_BODY, arguments=words)


def _judge(answer: Answer) -> Iterator[Finding]:
    exports = answer.duties.serves.exports if answer.duties.serves else ()
    for row in answer.rows:
        export = exports[int(row[1])]
        if row[0] in ("no-user", "no-group"):
            kind, name = ("user", export.owner) if row[0] == "no-user" else ("group", export.group)
            add = "useradd --system" if kind == "user" else "groupadd --system"
            yield error(
                "export-owner",
                f"{export.path} is to belong to the {kind} {name}, whom this host does not know",
                f"create it first ({add} {name}), or name another in storage.yml.",
            )
        elif row[0] == "is":
            yield error(
                "export-path",
                f"{export.path} is to be exported and is a {row[2]}, not a directory",
                "move it out of the way, or export another path.",
            )
        elif row[0] == "above":
            yield error(
                "export-path",
                f"{export.path} can't be created: {row[2]} is not a directory",
                "move it out of the way, or export another path.",
            )
        elif row[0] == "has" and int(row[3]) and int(row[2], 8) & 0o777 != int(export.mode, 8) & 0o777:
            yield warning(
                "export-mode",
                f"{export.path} holds files and has mode {row[2].zfill(4)}; storage.yml would make it {export.mode}",
                "say so in storage.yml when the present mode is meant; the files in it stay as they are.",
            )


CHECK = Check("owners", _script, _judge)
