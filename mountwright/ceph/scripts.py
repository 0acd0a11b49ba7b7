"""The shell text that calls ``ceph`` and ``rbd``, and explains their failures.

POSIX sh for dash, bash and busybox; it uses the functions of :mod:`mountwright.prelude`. No key leaves the host
through it: the answers that hold keys pass ``ceph_hide_keys``, and so does everything that the programs complain of.
"""

# Variables: ceph_prefix (the words that come before the program's name, one a line), ceph_cluster, ceph_conf,
# ceph_keyring, ceph_name (empty: the program's own default), ceph_timeout (seconds to reach a monitor), ceph_limit
# (seconds for one call).
FUNCTIONS = r"""
# ceph_ ARGUMENTS...: the ceph command, as the operator wants it to be called. Its stdout and exit code are its own;
# after a failure, what it said follows on stderr, and a line for people.
ceph_() { ceph_call ceph --connect-timeout="$ceph_timeout" "$@"; }

# rbd_ ARGUMENTS...: the rbd command, likewise.
rbd_() { ceph_call rbd --client-mount-timeout="$ceph_timeout" --rados-osd-op-timeout="$ceph_timeout" "$@"; }

ceph_call() {
    ceph_find
    ceph_code=0
    { ceph_said=$(ceph_exec "$@" 2>&1 1>&3 3>&-) || ceph_code=$?; } 3>&1
    case $1:$ceph_code:$ceph_said in
        # rbd pool init exits 0 when it has failed
        rbd:0:rbd:*|rbd:0:*"
rbd: "*) ceph_code=1 ;;
    esac
    if [ "$ceph_code" -ne 0 ]; then
        ceph_complain "$ceph_said" >&2
        ceph_explain "$1" "$ceph_code" "$ceph_said"
    fi
    return "$ceph_code"
}

ceph_exec() {
    ceph_program=$1
    shift
    [ -z "$ceph_name" ] || set -- --name="$ceph_name" "$@"
    [ -z "$ceph_keyring" ] || set -- --keyring="$ceph_keyring" "$@"
    [ -z "$ceph_conf" ] || set -- --conf="$ceph_conf" "$@"
    [ -z "$ceph_cluster" ] || set -- --cluster="$ceph_cluster" "$@"
    set -f
    IFS='
'
    # shellcheck disable=SC2086 # one word a line
    set -- $ceph_prefix "$ceph_program" "$@"
    if have timeout; then set -- timeout "$ceph_limit" "$@"; fi
    exec "$@"
}

# ceph_find: end the script where nothing can be called.
ceph_find() {
    ceph_first=${ceph_prefix%%"
"*}
    have "${ceph_first:-ceph}" || fail "${ceph_first:-ceph} is missing here: is this the host that ceph.admin in" \
        "storage.yml should name? Install ceph-common, or say in ceph.command how ceph is called here"
    # paths of a container are not ours to look at
    [ -z "$ceph_prefix" ] || return 0
    for ceph_file in "$ceph_conf" "$ceph_keyring"; do
        [ -z "$ceph_file" ] || [ -r "$ceph_file" ] ||
            fail "$ceph_file is not here or can't be read: see ceph.conf and ceph.keyring in storage.yml"
    done
}

# ceph_hide_keys: stdin to stdout without keys: the values of JSON members that hold them, and what looks like one.
ceph_hide_keys() {
    sed -e 's/"\([A-Za-z_]*key\)"\([[:space:]]*\):\([[:space:]]*\)"[^"]*"/"\1"\2:\3""/g' \
        -e 's/A[Qg][A-Za-z0-9+\/]\{36,\}=*/********/g'
}

# ceph_complain TEXT: what a program said, without the lines of its library's log where there are others.
ceph_complain() {
    [ -n "$1" ] || return 0
    ceph_log='^[0-9]\{4\}-[0-9][0-9]-[0-9][0-9]T[0-9:.+-]* [0-9a-f]* '
    printf '%s\n' "$1" | grep -v -e "$ceph_log" | ceph_hide_keys | grep . ||
        printf '%s\n' "$1" | ceph_hide_keys
}

# ceph_explain PROGRAM CODE TEXT: what a failure means to the operator.
ceph_explain() {
    case $2:$3 in
        124:*|143:*) # the second is busybox's
            say "-> $1 gave no answer within $ceph_limit s: is a manager active (ceph mgr stat)," \
                "and do the OSDs serve?" ;;
        *"conf_read_file"*)
            say "-> there is no ceph.conf here for this cluster: is this the admin host?" \
                "See ceph.admin, ceph.conf and ceph.cluster in storage.yml" ;;
        *"no monitors specified"*|*"cannot identify monitors"*|*"get monitor info from DNS SRV"*)
            say "-> the ceph.conf here names no monitor: is this the admin host?" \
                "See ceph.admin and ceph.conf in storage.yml" ;;
        *"access denied"*|*EACCES*|*"(1) Operation not permitted"*)
            say "-> ${ceph_name:-client.admin} lacks the right to do this:" \
                "see ceph.admin_user and ceph.keyring in storage.yml" ;;
        *"permission denied"*|*"Permission denied"*)
            say "-> the monitors don't take the key that ${ceph_name:-client.admin} has here:" \
                "it is of another cluster, or an old one" ;;
        *"timed out"*|*TimedOut*|*"couldn't connect to the cluster"*)
            say "-> no monitor or OSD answered within $ceph_timeout s:" \
                "is the cluster up, and can it be reached from here?" ;;
        *"object not found (error connecting"*|*"find a keyring"*)
            say "-> there is no key of ${ceph_name:-client.admin} here: is this the admin host?" \
                "See ceph.admin and ceph.keyring in storage.yml" ;;
        127:*)
            say "-> $1 was not found where ceph.command in storage.yml leads" ;;
    esac
}
"""

# Variables: users (show capabilities), filesystems (show file systems). Arguments, in twos: "namespaces" and a pool,
# "groups" and a file system. Prints sections for mountwright.ceph.state: a line with @ and words, then JSON.
LOOK = r"""
section() { printf '\n@%s\n' "$*"; }
section health
ceph_ health --format=json || exit 1
section pools
ceph_ osd pool ls detail --format=json || exit 1
if [ -n "$users" ]; then
    section users
    answer=$(ceph_ auth ls --format=json) || exit 1
    printf '%s\n' "$answer" | ceph_hide_keys
fi
if [ -n "$filesystems" ]; then
    section filesystems
    ceph_ fs ls --format=json || exit 1
fi
while [ "$#" -gt 0 ]; do
    section "$1" "$2"
    code=0
    if [ "$1" = namespaces ]; then
        rbd_ namespace ls --pool="$2" --format=json || code=$?
    else
        ceph_ fs subvolumegroup ls "$2" --format=json || code=$?
    fi
    # 2: the pool or file system is not there yet
    case $code in 0) ;; 2) echo null ;; *) exit 1 ;; esac
    shift 2
done
"""

# Variables: pool, create, pg_num (of a new pool; empty: Ceph's default), application (to give it; empty: it has it).
# Arguments, in twos: a setting of the pool and its value.
POOL = r"""
if [ -n "$create" ]; then ceph_ osd pool create "$pool" ${pg_num:+"$pg_num"}; fi
while [ "$#" -gt 0 ]; do
    if [ "$1 $2" = 'size 1' ]; then
        ceph_ osd pool set "$pool" size 1 --yes-i-really-mean-it
    else
        ceph_ osd pool set "$pool" "$1" "$2"
    fi
    shift 2
done
case $application in
    '') ;;
    rbd) rbd_ pool init "$pool" ;;
    *) ceph_ osd pool application enable "$pool" "$application" ;;
esac
"""

# Variables: user, create. Arguments, in twos: a kind of daemon and the capability there.
# `auth add` makes the key without printing it.
USER = r"""
if [ -n "$create" ]; then
    ceph_ auth add "$user" "$@" >/dev/null
else
    ceph_ auth caps "$user" "$@" >/dev/null
fi
"""

# Variables: pool, namespace. 17: it exists, since the last look.
NAMESPACE = r"""
rbd_ namespace create --pool="$pool" --namespace="$namespace" || [ "$?" -eq 17 ]
"""

# Variables: filesystem, group. It is fine when it exists.
GROUP = r"""
ceph_ fs subvolumegroup create "$filesystem" "$group"
"""
