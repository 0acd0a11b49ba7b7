"""The shell bodies of the NFS exports resource: one that looks at a server and one that changes its exports.

POSIX sh for dash, bash and busybox; they use the functions of :mod:`mountwright.prelude`.
"""

# Variables: clients (declared clients, one a line). Arguments: the declared paths.
# Prints the records that mountwright.nfs.server_state reads.
PROBE = r"""
nl='
'
put() { printf '%s %s %s\n%s\n%s\n' "$1" "${#2}" "${#3}" "$2" "$3"; }
put_file() {
    [ -f "$2" ] && [ -r "$2" ] || return 0
    size=$(wc -c <"$2")
    printf '%s %s %s\n%s\n' "$1" "${#2}" "$((size))" "$2"
    head -c "$((size))" -- "$2"
    echo
}
real() {
    case $1 in /*) ;; *) return 0 ;; esac
    if cd -P -- "$1" 2>/dev/null && [ "$PWD" != "$1" ]; then put real "$1" "$PWD"; fi
}
seen=$nl
resolve() {
    # only what can be a host name; an address stands for itself
    case $1 in ''|*[!A-Za-z0-9._-]*) return 0 ;; *[A-Za-z]*) ;; *) return 0 ;; esac
    case $seen in *"$nl$1$nl"*) return 0 ;; esac
    seen=$seen$1$nl
    found=$(getent ahosts "$1" 2>/dev/null | while read -r address kind canonical; do
        [ "$kind" != STREAM ] || printf '%s %s ' "$address" "$canonical"
    done)
    [ -z "$found" ] || put name "$1" "$found"
}
words_of() {
    [ -r "$1" ] || return 0
    # shellcheck disable=SC2086 # split into words, with globbing switched off
    while IFS= read -r line || [ -n "$line" ]; do
        set -- $line
        [ "$#" -gt 0 ] || continue
        case $1 in '#'*) continue ;; esac
        real "$1"
        shift
        for word; do resolve "${word%%(*}"; done
    done <"$1"
}

put_file file /etc/exports
for file in /etc/exports.d/*.exports; do put_file file "$file"; done
put_file etab /var/lib/nfs/etab
put_file rmtab /var/lib/nfs/rmtab
if have exportfs; then put fact exportfs ''; fi
if [ -e /var/lib/nfs/etab ] &&
    [ -n "$(find /etc/exports /etc/exports.d -newer /var/lib/nfs/etab 2>/dev/null)" ]; then
    put fact unread ''
fi
for info in /proc/fs/nfsd/clients/*/info; do
    [ -r "$info" ] || continue
    address='' status='' name=''
    while IFS= read -r line; do
        case $line in
            address:*) address=${line#*\"} address=${address%\"*} ;;
            status:*) status=${line#*: } ;;
            name:*) name=${line#*\"} name=${name%\"*} ;;
        esac
    done <"$info"
    [ -z "$address" ] || put client "$address" "$status$nl$name"
done
set -f
for path; do real "$path"; done
for client in $clients; do resolve "$client"; done
words_of /etc/exports
set +f
for file in /etc/exports.d/*.exports; do
    set -f
    words_of "$file"
done
words_of /var/lib/nfs/etab
"""

# Variables: wanted (lines CLIENT TAB OPTIONS-THAT-ETAB-MUST-SHOW-OR-DASH TAB PATH), kept (lines CLIENT TAB PATH:
# foreign exports that are live and have to stay so). Arguments, five for each exports file that was seen or is to be
# written: its path, the SHA-256 of what was seen (empty: it was not there), keep | write | remove, old and new
# content.
APPLY = r"""
nl='
'
tab=$(printf '\t')
etab=/var/lib/nfs/etab
have exportfs || fail 'exportfs is missing: the package of the NFS server is not installed'

# the mode of a file, or the one that it had
mode_of() { stat -L -c %a -- "$1" 2>/dev/null || stat -c %a -- "$1.mountwright-backup" 2>/dev/null || echo 644; }
refuse_changed() {
    while [ "$#" -gt 0 ]; do
        sum=
        if [ -e "$1" ]; then sum=$(sha256sum <"$1"); fi
        [ "${sum%% *}" = "$2" ] || fail "$1 has changed since it was looked at; run again"
        shift 5
    done
}
put_new() {
    while [ "$#" -gt 0 ]; do
        case $3 in
            write)
                mkdir -p -- "$(dirname -- "$1")" && backup_file "$1" || return 1
                replace_file "$1" '' '' "$(mode_of "$1")" "$5" || return 1
                ;;
            remove)
                backup_file "$1" && rm -f -- "$1" || return 1
                ;;
        esac
        shift 5
    done
}
put_back() {
    while [ "$#" -gt 0 ]; do
        if [ "$3" = keep ]; then :
        elif [ -n "$2" ]; then replace_file "$1" '' '' "$(mode_of "$1")" "$4" || :
        else rm -f -- "$1"
        fi
        shift 5
    done
}
addresses() {
    case $1 in ''|*[!A-Za-z0-9._:-]*) ;; *) getent ahosts "$1" 2>/dev/null | cut -d ' ' -f 1 | sort -u ;; esac
}
# find_live PATH CLIENT: put the options with which etab has it into found_options. A host may stand there under any
# other name that has one of its addresses. Lines are compared one by one: shells are slow at long strings.
find_live() {
    live_path=$1
    case $1 in
        *[\\\"\#\ "$tab"]*) # as nfs-utils writes them
            live_path=$(printf '%s' "$1" |
                sed 's/\\/\\134/g; s/ /\\040/g; s/"/\\042/g; s/#/\\043/g; s/'"$tab"'/\\011/g')
            ;;
    esac
    of_path=$(grep -F -- "$live_path$tab" "$etab") || return 1
    while IFS= read -r line; do
        case $line in "$live_path$tab$2("*)
            found_options=${line#*"("} found_options=${found_options%")"}
            return 0
            ;;
        esac
    done <<END_OF_ETAB
$of_path
END_OF_ETAB
    mine=$nl$(addresses "$2")$nl
    [ "$mine" != "$nl$nl" ] || return 1
    while IFS= read -r line; do
        case $line in "$live_path$tab"*) ;; *) continue ;; esac
        other=${line#*"$tab"} other=${other%%"("*}
        for address in $(addresses "$other"); do
            case $mine in *"$nl$address$nl"*)
                found_options=${line#*"("} found_options=${found_options%")"}
                return 0
                ;;
            esac
        done
    done <<END_OF_ETAB
$of_path
END_OF_ETAB
    return 1
}
need_options() {
    IFS=,
    for option in $3; do
        case ,$found_options, in
            *",$option,"*) ;;
            *) problem "$1 is exported to $2 without $option" ;;
        esac
    done
    unset IFS
}
problem() { problems=$problems$*$nl; }

refuse_changed "$@"
if ! put_new "$@"; then
    put_back "$@"
    fail 'so the exports files were put back as they were'
fi
code=0
output=$(exportfs -ra 2>&1) || code=$?
problems=
while IFS=$tab read -r client options path; do
    [ -n "$client" ] || continue
    if cd -P -- "$path" 2>/dev/null; then real=$PWD; else real=$(readlink -f -- "$path") || real=$path; fi
    if ! find_live "$real" "$client"; then
        problem "$path is not exported to $client"
        continue
    fi
    [ "$options" = - ] || need_options "$path" "$client" "$options"
    # exportfs leaves an entry in etab that the kernel refused
    if [ "$code" -ne 0 ]; then
        case $output$nl in
            *" $path$nl"*|*" $path:"*|*" $path "*|*":$path$nl"*|*":$path:"*|*":$path "*)
                problem "exportfs does not serve $path as it should"
                ;;
        esac
    fi
done <<END_OF_WANTED
$wanted
END_OF_WANTED
while IFS=$tab read -r client path; do
    [ -n "$client" ] || continue
    find_live "$path" "$client" || problem "$path is no longer exported to $client, which is not ours to withdraw"
done <<END_OF_KEPT
$kept
END_OF_KEPT
if [ -z "$problems" ]; then
    [ -z "$output" ] || printf '%s\n' "$output"
    exit 0
fi
put_back "$@"
exportfs -ra >/dev/null 2>&1 || :
[ -z "$output" ] || printf 'exportfs -ra ended with %s:\n%s\n' "$code" "$output" >&2
printf '%s' "$problems" >&2
fail 'so the exports files of before have been put back and exported again'
"""
