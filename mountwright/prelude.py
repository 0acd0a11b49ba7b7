"""The shell functions and variables that every script on a host can rely on.

Variables: ``os_family`` (debian, redhat, suse, other), ``os_id``, ``os_version``, ``os_name`` from os-release(5).
Functions are described where they are defined. All of it is POSIX sh and runs under dash, bash and busybox, with the
tools of GNU coreutils or busybox.
"""

PRELUDE = r"""
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
DEBIAN_FRONTEND=noninteractive
export LC_ALL PATH DEBIAN_FRONTEND
unset CDPATH ENV GREP_OPTIONS POSIXLY_CORRECT
umask 022

os_family=other os_id='' os_version='' os_name=''
for mw_file in /etc/os-release /usr/lib/os-release; do
    if [ -r "$mw_file" ]; then
        ID='' ID_LIKE='' VERSION_ID='' PRETTY_NAME=''
        . "$mw_file"
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

# say MESSAGE...: one line to people.
say() { printf '%s\n' "$*" >&2; }

# fail MESSAGE...: end this script with exit code 1 and the message on stderr.
fail() { say "$@"; exit 1; }

# absent: end this probe, saying that the thing does not exist.
absent() { exit 100; }

# make_parents PATH: make the folders that PATH lies in, those that are missing with mode 0755.
make_parents() {
    mw_parent=${1%/*}
    [ -d "${mw_parent:-/}" ] || mkdir -p -- "$mw_parent"
}

# expect_content PATH SHA256: end this step unless PATH has the content with this checksum ("": does not exist).
# It is what keeps a plan from overwriting what somebody wrote after the probe.
expect_content() {
    mw_sum=
    if [ -e "$1" ]; then mw_sum=$(sha256sum <"$1") || fail "$1 can't be read"; fi
    [ "${mw_sum%% *}" = "$2" ] || fail "$1 has changed since it was looked at; run again"
}

# new_file PATH: make an empty file that nobody else can read in the folder of PATH, its name in new_file. Such files
# that a killed run left behind are removed once they are an hour old.
new_file() {
    mw_parent=${1%/*}
    [ "$mw_parent" != "$1" ] || mw_parent=.
    find "${mw_parent:-/}/" -maxdepth 1 -type f -name '.mountwright.????????' -mmin +60 -exec rm -f -- {} + || :
    new_file=$(mktemp "$mw_parent/.mountwright.XXXXXXXX") || { say "no file could be made beside $1"; return 1; }
}

# put_in_place NEW PATH: bring NEW to disk and rename it to PATH; where that fails, NEW is removed.
put_in_place() {
    if sync -- "$1" && mv -f -- "$1" "$2"; then
        mw_parent=${2%/*}
        sync -- "${mw_parent:-/}" 2>/dev/null || :
        return 0
    fi
    rm -f -- "$1"
    return 1
}

# backup_file PATH: keep the content that PATH has now as PATH.mountwright-backup (same owner, mode and times), at
# once or not at all. Nothing happens when PATH is no regular file.
backup_file() {
    case $1 in /*) ;; *) say "$1 is no absolute path"; return 1 ;; esac
    [ -f "$1" ] || return 0
    new_file "$1" || return 1
    if cp -p -- "$1" "$new_file"; then
        put_in_place "$new_file" "$1.mountwright-backup"
    else
        rm -f -- "$new_file"
        say "no backup of $1 could be written"
        return 1
    fi
}

# replace_file PATH OWNER GROUP MODE CONTENT [VALIDATOR]: make PATH a regular file with exactly CONTENT, at once or
# not at all: whatever happens on the way, PATH has its old content or the new. A new file in the same folder gets
# owner and mode before the content; it is brought to disk, checked by VALIDATOR (shell text; the file's name is its
# "$1"), then renamed over PATH. A symbolic link is followed. An empty OWNER or GROUP keeps that of the file that is
# there (root for a new one). Other hard links to PATH keep the old content.
replace_file() {
    case $1 in /*) ;; *) say "$1 is no absolute path"; return 1 ;; esac
    mw_path=$1
    # busybox's readlink -f stops at a link whose file does not exist
    mw_hops=0
    while [ -L "$mw_path" ]; do
        mw_hops=$((mw_hops + 1))
        # the dot keeps newlines at the end of a name
        if [ "$mw_hops" -gt 40 ] || ! mw_target=$(readlink -- "$mw_path" && echo .); then
            say "$1 is a symbolic link that leads nowhere"
            return 1
        fi
        mw_target=${mw_target%??}
        case $mw_target in /*) mw_path=$mw_target ;; *) mw_path=${mw_path%/*}/$mw_target ;; esac
    done
    if [ -d "$mw_path" ]; then say "$mw_path is a directory, expected a file"; return 1; fi
    new_file "$mw_path" || return 1
    if mw_fill "$@" && put_in_place "$new_file" "$mw_path"; then
        # an existing label was copied; a new file gets the one that its path asks for
        if [ "$mw_label" = new ]; then restorecon -- "$mw_path" 2>/dev/null || :; fi
        return 0
    fi
    rm -f -- "$new_file"
    say "$mw_path was left as it was"
    return 1
}

mw_fill() {
    mw_label=
    if [ -e "$mw_path" ]; then
        mw_owner=$(stat -c %u:%g -- "$mw_path") && chown -- "$mw_owner" "$new_file" || return 1
        if [ -e /sys/fs/selinux/enforce ] && have chcon; then
            chcon --reference="$mw_path" -- "$new_file" 2>/dev/null || :
        fi
    elif [ -e /sys/fs/selinux/enforce ] && have restorecon; then
        mw_label=new
    fi
    # opened before the mode is set, which may not let us write
    # shellcheck disable=SC2094 # chown and chmod write nothing
    {
        if [ -n "$2$3" ]; then chown -- "$2${3:+:$3}" "$new_file" || return 1; fi
        chmod -- "$4" "$new_file" || return 1
        if ! printf '%s' "$5"; then say "writing $new_file failed"; return 1; fi
    } >"$new_file" || return 1
    [ -n "${6-}" ] || return 0
    if ! sh -c "$6" validator "$new_file"; then say "the new $mw_path was refused by its check"; return 1; fi
}
"""
