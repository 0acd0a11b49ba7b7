"""The shell bodies of the kernel module resource: one that looks and those that change."""

# Configuration files as systemd reads them (modules-load.d(5), modprobe.d(5)): the first folder that has a file of
# some name wins, and a link to /dev/null hides it.
# each_file FOLDER FUNCTION: call the function with each file that counts.
# find_block FILE: print ``blocked=`` and why for each line that keeps the module ``$pattern`` away.
FIND_BLOCK = r"""
each_file() {
    mw_seen=/
    for mw_folder in /etc /run /usr/local/lib /usr/lib /lib; do
        for mw_file in "$mw_folder/$1"/*.conf; do
            [ -e "$mw_file" ] || [ -L "$mw_file" ] || continue
            case $mw_seen in */"${mw_file##*/}"/*) continue ;; esac
            mw_seen=$mw_seen${mw_file##*/}/
            if [ -f "$mw_file" ] && [ -r "$mw_file" ]; then "$2" "$mw_file"; fi
        done
    done
}
find_block() {
    while read -r mw_word mw_name mw_value mw_rest || [ -n "$mw_word" ]; do
        # shellcheck disable=SC2254 # a pattern on purpose
        case $mw_name in $pattern) ;; *) continue ;; esac
        case $mw_word in
            blacklist) printf 'blocked=%s (blacklist)\n' "$1" ;;
            install)
                case $mw_value in
                    */true|*/false|true|false|:) printf 'blocked=%s (install %s)\n' "$1" "$mw_value" ;;
                esac
                ;;
        esac
    done <"$1"
}
"""

# Variables: module (with underscores), pattern (matches it with hyphens too).
PROBE = (
    FIND_BLOCK
    + r"""
release=$(uname -r)
printf 'release=%s\n' "$release"

# what is in /run is gone after a reboot
find_load() {
    case $1 in /run/*) return 0 ;; esac
    while read -r mw_word mw_rest || [ -n "$mw_word" ]; do
        # shellcheck disable=SC2254 # a pattern on purpose
        case $mw_word in $pattern) listed=$1 ;; esac
    done <"$1"
}
listed=
each_file modules-load.d find_load
[ -z "$listed" ] || printf 'persistent=%s\n' "$listed"
each_file modprobe.d find_block

options=/etc/modprobe.d/mountwright-$module.conf
if [ -f "$options" ]; then
    sum=$(sha256sum <"$options") || fail "$options can't be read"
    printf 'options=%s\n' "${sum%% *}"
fi

# a loaded module has a state; one that is built in has at most parameters there
state=
if [ -e "/sys/module/$module/initstate" ]; then state=loaded
elif [ -d "/sys/module/$module" ]; then state=builtin
elif grep -qs "^$module " /proc/modules; then state=loaded
elif have modinfo; then
    if file=$(modinfo -F filename -- "$module" 2>/dev/null); then
        case $file in *builtin*) state=builtin ;; *) state=available ;; esac
    fi
fi
if [ -z "$state" ]; then
    while read -r mw_file; do
        mw_file=${mw_file##*/}
        # shellcheck disable=SC2254 # a pattern on purpose
        case ${mw_file%%.*} in $pattern) state=builtin ;; esac
    done 2>/dev/null <"/lib/modules/$release/modules.builtin" || :
fi
printf 'state=%s\n' "${state:-missing}"

# Where all is well the question need not be asked, which saves a process.
ask=1
case $state in
    builtin) ask= ;;
    loaded) [ -z "$listed" ] || ask= ;;
esac
if [ -n "$ask" ] && have systemd-detect-virt; then
    # its exit code is not zero when there is no container
    container=$(systemd-detect-virt --container 2>/dev/null) || container=
    printf 'container=%s\n' "${container%none}"
fi
if [ -n "$state" ]; then exit 0; fi

# The slow way: why is it missing, and what would bring it?
have modinfo || echo no_kmod=1
if [ ! -e "/lib/modules/$release/modules.dep" ]; then
    echo no_tree=1
    for tree in /lib/modules/*/modules.dep; do
        [ -e "$tree" ] || continue
        tree=${tree%/modules.dep}
        printf 'other_tree=%s\n' "${tree##*/}"
    done
    exit 0
fi
case $os_family in
    debian)
        have apt-cache || exit 0
        for package in "linux-modules-extra-$release" "linux-modules-$release"; do
            policy=$(apt-cache policy -- "$package" 2>/dev/null) || policy=
            case $policy in
                *'Installed: (none)'*'Candidate: (none)'*|'') ;;
                *'Installed: (none)'*) printf 'package=%s\n' "$package"; break ;;
            esac
        done
        lists=
        for list in /var/lib/apt/lists/*Packages*; do
            if [ -e "$list" ]; then lists=1; break; fi
        done
        if [ -z "$lists" ]; then printf 'try_package=%s\n' "linux-modules-extra-$release"; fi
        ;;
    redhat)
        manager=
        for program in dnf yum; do
            if have "$program"; then manager=$program; break; fi
        done
        [ -n "$manager" ] || exit 0
        for package in "kernel-modules-$release" "kernel-modules-extra-$release"; do
            if rpm -q -- "$package" >/dev/null 2>&1; then continue; fi
            if timeout 90 "$manager" -q list --available "$package" >/dev/null 2>&1; then
                printf 'package=%s\n' "$package"
                break
            fi
        done
        ;;
    suse)
        if rpm -q kernel-default-base >/dev/null 2>&1; then echo reduced_kernel=kernel-default-base; fi
        ;;
esac
"""
)

# Variables: module, content (of the file in modules-load.d, "": leave it), options ("": none), options_seen, load.
APPLY = r"""
if [ -n "$options" ]; then
    file=/etc/modprobe.d/mountwright-$module.conf
    expect_content "$file" "$options_seen"
    make_parents "$file"
    backup_file "$file"
    replace_file "$file" root root 0644 "$options"
fi
if [ -n "$content" ]; then
    file=/etc/modules-load.d/mountwright-$module.conf
    make_parents "$file"
    replace_file "$file" root root 0644 "$content"
fi
if [ -n "$load" ]; then
    modprobe -- "$module" || fail "the kernel did not take the module $module; see the last lines of dmesg"
fi
"""
