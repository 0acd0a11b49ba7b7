"""The shell functions that install packages with apt, dnf, yum or zypper."""

INSTALL_SILENCE = 1800.0
"""How many seconds an installation may take: a slow mirror, and other programs that hold the lock before it."""

# The exit codes of zypper that are no errors: 100 and 101 (updates are there), 102 (reboot needed), 103 (the package
# manager itself was updated), 106 (a repository was skipped), 107 (installed, but a script of a package complained);
# see zypper(8), EXIT CODES.
INSTALL = r"""
# Seconds that another program may hold the lock; a fresh machine's first minutes are like that.
mw_lock_seconds=600
mw_last=
# patiently COMMAND...: run it; while it says that another program holds the lock, wait and run it again. Its output
# goes to stdout.
patiently() {
    mw_deadline=$(($(date +%s) + mw_lock_seconds))
    mw_waiting=
    while :; do
        mw_code=0
        mw_last=$("$@" 2>&1) || mw_code=$?
        [ "$mw_code" -ne 0 ] || break
        case $mw_last in
            *'Could not get lock'*|*'Unable to lock'*|*'lock was locked by another process'*|\
            *'status database area is locked'*|*'System management is locked'*|*"can't create transaction lock"*) ;;
            *) break ;;
        esac
        [ "$(date +%s)" -lt "$mw_deadline" ] || break
        [ -n "$mw_waiting" ] || say "waiting for the package manager's lock"
        mw_waiting=1
        sleep 2
    done
    [ -z "$mw_last" ] || printf '%s\n' "$mw_last"
    return "$mw_code"
}

run_apt() {
    patiently apt-get -q -y -o "DPkg::Lock::Timeout=$mw_lock_seconds" -o Dpkg::Options::=--force-confdef \
        -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 "$@"
}
# known_to_apt NAME...: does apt have each of them to install?
known_to_apt() {
    for mw_name; do
        case $(apt-cache policy -- "$mw_name" 2>/dev/null) in
            *'Candidate: (none)'*|'') return 1 ;;
        esac
    done
}
install_with_apt() {
    # no questions, and no restart of services behind our back
    NEEDRESTART_SUSPEND=1 UCF_FORCE_CONFFOLD=1 APT_LISTCHANGES_FRONTEND=none
    export NEEDRESTART_SUSPEND UCF_FORCE_CONFFOLD APT_LISTCHANGES_FRONTEND
    # dpkg's journal holds files named by numbers only when it was cut off
    mw_journal=$(ls /var/lib/dpkg/updates/ 2>/dev/null) || mw_journal=
    if [ -n "$mw_journal" ] || [ -n "$(dpkg --audit 2>/dev/null)" ]; then
        say 'dpkg was interrupted before: finishing what it had begun'
        patiently dpkg --force-confdef --force-confold --configure -a || say 'not all of it could be finished'
    fi
    mw_updated=
    if ! known_to_apt "$@"; then
        run_apt update || say 'apt-get update did not succeed for all sources'
        mw_updated=1
        for mw_package; do
            known_to_apt "$mw_package" || fail "no source of this host has the package $mw_package"
        done
    fi
    if run_apt --no-install-recommends --no-remove install "$@"; then return 0; fi
    [ -z "$mw_updated" ] || return 1
    say 'trying again with fresh lists'
    run_apt update || say 'apt-get update did not succeed for all sources'
    run_apt --no-install-recommends --no-remove install "$@"
}
# dnf and yum wait for their lock themselves.
install_with_dnf() {
    if have dnf; then set -- dnf -y -q --setopt=install_weak_deps=False install "$@"
    else set -- yum -y -q install "$@"
    fi
    if patiently "$@"; then return 0; fi
    say 'trying again with fresh lists'
    "$1" -q clean expire-cache || :
    patiently "$@"
}
zypper_install() {
    patiently zypper --quiet --non-interactive install --no-recommends --auto-agree-with-licenses "$@" || mw_zypper=$?
    case ${mw_zypper:-0} in 0|100|101|102|103|106|107) return 0 ;; esac
    return 1
}
install_with_zypper() {
    ZYPP_LOCK_TIMEOUT=$mw_lock_seconds
    export ZYPP_LOCK_TIMEOUT
    mw_zypper=0
    if zypper_install "$@"; then return 0; fi
    say 'trying again with fresh lists'
    patiently zypper --quiet --non-interactive refresh || :
    mw_zypper=0
    zypper_install "$@"
}
# install_packages NAME...: install what is missing of them, with what they need and nothing else; never removes.
install_packages() {
    case $os_family in
        debian) install_with_apt "$@" || fail "apt-get could not install $*" ;;
        redhat) install_with_dnf "$@" || fail "the package manager could not install $*" ;;
        suse) install_with_zypper "$@" || fail "zypper could not install $* (exit code $mw_zypper)" ;;
        *) fail "no package manager is known for $os_name" ;;
    esac
}
"""
"""Defines ``install_packages NAME...``, for steps."""
