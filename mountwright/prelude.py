"""The shell functions and variables that every script on a host can rely on.

Variables: ``os_family`` (debian, redhat, suse, other), ``os_id``, ``os_version``, ``os_name`` from os-release(5).
Functions are described where they are defined. All of it is POSIX sh and runs under dash, bash and busybox.
"""

PRELUDE = r"""
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
DEBIAN_FRONTEND=noninteractive
export LC_ALL PATH DEBIAN_FRONTEND
unset CDPATH ENV GREP_OPTIONS
umask 022

os_family=other os_id= os_version= os_name=
for file in /etc/os-release /usr/lib/os-release; do
    if [ -r "$file" ]; then
        ID= ID_LIKE= VERSION_ID= PRETTY_NAME=
        . "$file"
        os_id=${ID-} os_version=${VERSION_ID-} os_name=${PRETTY_NAME-}
        case " ${ID-} ${ID_LIKE-} " in
            *" debian "*|*" ubuntu "*) os_family=debian ;;
            *" rhel "*|*" fedora "*|*" centos "*) os_family=redhat ;;
            *" suse "*|*" opensuse "*|*" sles "*) os_family=suse ;;
        esac
        break
    fi
done

# have PROGRAM: is it on PATH?
have() { command -v "$1" >/dev/null 2>&1; }

# fail MESSAGE...: end this script with exit code 1 and the message on stderr.
fail() { printf '%s\n' "$*" >&2; exit 1; }

# absent: end this probe, saying that the thing does not exist.
absent() { exit 100; }

# backup_file PATH: keep the content that PATH has now as PATH.mountwright-backup (same owner and mode), at once
# or not at all. Nothing happens when PATH is no regular file.
backup_file() {
    [ -f "$1" ] || return 0
    backup_tmp=$1.mountwright-backup.$$
    cp -p -- "$1" "$backup_tmp" && sync -- "$backup_tmp" 2>/dev/null || sync
    mv -f -- "$backup_tmp" "$1.mountwright-backup" || { rm -f -- "$backup_tmp"; return 1; }
}

# replace_file PATH OWNER GROUP MODE CONTENT [VALIDATOR]: make PATH a regular file with exactly CONTENT, at once or
# not at all. A temporary file in the same folder gets owner and mode before the content; it is synced, checked by
# VALIDATOR (shell text; the file's name is its "$1"), then renamed over PATH. A symbolic link is followed.
# An empty OWNER or GROUP keeps that of the file that is there (root for a new one).
replace_file() {
    replace_path=$1
    if [ -L "$replace_path" ]; then
        replace_path=$(readlink -f -- "$replace_path") || fail "$1 is a symbolic link that leads nowhere"
    fi
    [ -d "$replace_path" ] && fail "$replace_path is a directory, expected a file"
    replace_tmp=$(mktemp -- "$(dirname -- "$replace_path")/.mountwright.XXXXXXXX") ||
        fail "no temporary file could be made beside $replace_path"
    # shellcheck disable=SC2064 # the name as it is now
    trap "rm -f -- '$(printf '%s' "$replace_tmp" | sed "s/'/'\\\\''/g")'" EXIT
    if [ -e "$replace_path" ]; then
        chown -- "$(stat -c '%u:%g' -- "$replace_path")" "$replace_tmp" || return 1
    fi
    if [ -n "$2$3" ]; then chown -- "$2${3:+:$3}" "$replace_tmp" || return 1; fi
    chmod -- "$4" "$replace_tmp" || return 1
    printf '%s' "$5" >"$replace_tmp" || { printf '%s\n' "writing $replace_tmp failed (disk full?)" >&2; return 1; }
    sync -- "$replace_tmp" 2>/dev/null || sync
    if [ -n "${6-}" ]; then
        sh -c "$6" validator "$replace_tmp" || { printf '%s\n' "the new $replace_path was refused by its check" >&2; return 1; }
    fi
    if have chcon && [ -e "$replace_path" ]; then chcon --reference="$replace_path" -- "$replace_tmp" 2>/dev/null || :; fi
    mv -f -- "$replace_tmp" "$replace_path" || return 1
    trap - EXIT
    if have restorecon; then restorecon -- "$replace_path" 2>/dev/null || :; fi
}
"""
