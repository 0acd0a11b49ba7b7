"""Packages, installed for real by apt and dnf from repositories made here, in a throw-away copy of the machine."""

from __future__ import annotations

import re
import subprocess
import time

import pytest

from mountwright.errors import HostError
from mountwright.resources.base import OperatingSystem
from mountwright.resources.package import Package
from tests.shell.harness import SHELLS, Shell, program

REDHAT = OperatingSystem("redhat", "rocky", "9.4", "Rocky Linux 9.4", "5.14.0")

MAKE_DEB = r"""
cd /srv/repository
for line in 'mw-base 1' 'mw-tool 1 mw-base' 'mw-broken 1'; do
    set -- $line
    mkdir -p "tree/DEBIAN" "tree/usr/share/$1"
    printf 'Package: %s\nVersion: %s\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\n' "$1" "$2" \
        >tree/DEBIAN/control
    [ -z "${3-}" ] || printf 'Depends: %s\nRecommends: mw-broken\n' "$3" >>tree/DEBIAN/control
    printf 'Description: test\n' >>tree/DEBIAN/control
    if [ "$1" = mw-broken ]; then
        printf '#!/bin/sh\n[ ! -e /srv/break ]\n' >tree/DEBIAN/postinst
        chmod 755 tree/DEBIAN/postinst
    fi
    echo "$1" >"tree/usr/share/$1/file"
    mkdir tree/etc
    echo "$1" >"tree/etc/$1.conf"
    echo "/etc/$1.conf" >tree/DEBIAN/conffiles
    dpkg-deb --root-owner-group -b tree . >/dev/null
    rm -r tree
done
dpkg-scanpackages . >Packages 2>/dev/null
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/* /var/lib/dpkg/updates/*
echo 'deb [trusted=yes] file:/srv/repository ./' >/etc/apt/sources.list
"""

MAKE_RPM = r"""
mkdir -p /srv/repository /srv/build
cd /srv/build
for name in mw-base mw-tool; do
    printf '%s\n' "Name: $name" 'Version: 1' 'Release: 1' 'Summary: test' 'License: none' 'BuildArch: noarch' \
        "$([ "$name" = mw-base ] || echo 'Requires: mw-base')" '%description' test '%files' >"$name.spec"
    rpmbuild -bb --define '_topdir /srv/build/top' "$name.spec" >/dev/null 2>&1
done
find top -name '*.rpm' -exec mv {} /srv/repository ';'
createrepo_c -q /srv/repository
rm -rf /etc/yum.repos.d /var/lib/rpm /var/cache/dnf
mkdir -p /etc/yum.repos.d /var/lib/rpm
rpm --initdb
printf '[test]\nname=test\nbaseurl=file:///srv/repository\ngpgcheck=0\n' >/etc/yum.repos.d/test.repo
"""

HOLD_LOCK = r"""
import fcntl, sys, time
files = [open(name, "w") for name in sys.argv[2:]]
for file in files:
    fcntl.lockf(file, fcntl.LOCK_EX)
time.sleep(float(sys.argv[1]))
"""
DPKG_LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock")
LISTS_LOCK = ("/var/lib/apt/lists/lock",)


every_shell = pytest.mark.parametrize("command", SHELLS.values(), ids=SHELLS)


@pytest.fixture
def command():
    """The shell of the tests that need no more than one: apt and dnf are slow."""
    return SHELLS["dash"]


@pytest.fixture
def debian(command, sandbox):
    """A Debian whose one source has packages of ours, and whose lists are empty."""
    sandbox.write("/srv/repository/.made", "")
    sandbox.write("/srv/make", MAKE_DEB)
    made = sandbox.execute(["sh", "-eu", "/srv/make"], b"")
    assert made.exit_code == 0, made.complaint
    return Shell(command, sandbox)


@pytest.fixture
def redhat(command, sandbox):
    """A machine that says it is Rocky, with an rpm database of its own and a repository of ours."""
    sandbox.write("/etc/os-release", 'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID=9.4\n')
    sandbox.write("/srv/make", MAKE_RPM)
    made = sandbox.execute(["sh", "-eu", "/srv/make"], b"")
    assert made.exit_code == 0, made.complaint
    return Shell(command, sandbox, REDHAT)


def run(shell, command):
    """Run a command in the place of the shell."""
    done = shell.place.execute(["sh", "-euc", command], b"", 60)
    assert done.exit_code == 0, done.complaint
    return done.stdout.decode()


def installed(shell):
    lines = run(shell, "dpkg-query -W -f '${db:Status-Status} ${Package}\\n'")
    return set(re.findall(r"^installed (mw-\S+)", lines, re.MULTILINE))


@every_shell
def test_apt_installs_what_is_needed_and_no_more(debian):
    """Lists are fetched because the package is not known; what it needs comes along, what it recommends does not."""
    change = debian.converge(Package({"debian": ("mw-tool", "tar"), "redhat": "x"}))
    assert change.summary == "install mw-tool"
    assert change.settle_first
    assert installed(debian) == {"mw-base", "mw-tool"}


def test_apt_with_an_unknown_package(debian):
    """A package that no source has is named."""
    done = debian.run(debian.plan(Package({"debian": "mw-no-such"})).script)
    assert done.exit_code == 1
    assert "no source of this host has the package mw-no-such" in done.complaint


def test_apt_finishes_what_was_interrupted(debian):
    """A package whose script failed is half-configured; once the cause is gone, the next run finishes it."""
    run(debian, "touch /srv/break")
    package = Package({"debian": "mw-broken"})
    done = debian.run(debian.plan(package).script)
    assert done.exit_code == 1
    assert "apt-get could not install mw-broken" in done.complaint
    change = debian.plan(package)
    assert change.summary == "finish the installation of mw-broken (half-configured)"
    run(debian, "rm /srv/break")
    debian.converge(package)


def test_apt_after_a_removal(debian):
    """A package that was removed, its configuration kept, is not installed."""
    package = Package({"debian": "mw-base"})
    debian.converge(package)
    run(debian, "dpkg --remove mw-base >/dev/null")
    assert debian.converge(package).summary == "install mw-base"


def test_apt_holds(debian):
    """An installed package may be on hold; one that is not installed can't be, and the way out is named."""
    package = Package({"debian": "mw-base"})
    debian.converge(package)
    run(debian, "echo mw-base hold | dpkg --set-selections")
    assert debian.plan(package) is None
    run(debian, "dpkg --remove --force-hold mw-base >/dev/null 2>&1; echo mw-base hold | dpkg --set-selections")
    with pytest.raises(HostError, match="apt-mark unhold mw-base"):
        debian.plan(package)


@pytest.mark.parametrize("locks", [DPKG_LOCKS, LISTS_LOCK], ids=["dpkg", "lists"])
def test_apt_waits_for_a_lock(debian, locks):
    """While another program holds apt's locks, the step waits, and succeeds when they are free."""
    package = Package({"debian": "mw-base"})
    if locks is DPKG_LOCKS:
        run(debian, "apt-get -q update >/dev/null")
    change = debian.plan(package)
    debian.place.write("/srv/hold.py", HOLD_LOCK)
    # every program has an overlay of its own, so the holder must be in the same: it is started before the step
    script = (
        f"/usr/bin/python3 /srv/hold.py 4 {' '.join(locks)} & sleep 0.5; exec {' '.join(debian.command)} /srv/step"
    )
    debian.place.write("/srv/step", program(change.script, "eu"))
    begun = time.monotonic()
    done = debian.place.execute(["sh", "-c", script], b"", 60)
    assert done.exit_code == 0, done.complaint
    assert time.monotonic() - begun > 4
    assert installed(debian) == {"mw-base"}


@pytest.mark.parametrize("command", [SHELLS["dash"], SHELLS["bash"]], ids=["dash", "bash"])  # busybox has its own rpm
def test_dnf_installs(redhat):
    """Through dnf a package comes with what it needs, and a second look finds nothing to do."""
    change = redhat.converge(Package({"debian": "x", "redhat": ("mw-tool", "mw-base")}))
    assert change.summary == "install mw-tool, mw-base"
    assert "mw-base-1-1.noarch\nmw-tool-1-1.noarch" in run(redhat, "rpm -qa | sort")


def test_dnf_with_an_unknown_package(redhat):
    """A package that no repository has is a failure with dnf's own words."""
    done = redhat.run(redhat.plan(Package({"redhat": "mw-no-such"})).script)
    assert done.exit_code == 1
    assert "the package manager could not install mw-no-such" in done.complaint
    assert b"mw-no-such" in done.stdout


def test_broken_database_is_unknown(debian):
    """When dpkg's database can't be read, nothing is taken for absent."""
    run(debian, "rm -rf /var/lib/dpkg/status; mkdir /var/lib/dpkg/status")
    done = debian.run(Package({"debian": "mw-base"}).probe(), "u")
    assert done.exit_code == 1
    assert "the database of packages can't be read" in done.complaint


def test_box_itself_is_untouched():
    """What the tests above installed is not on this machine."""
    done = subprocess.run(["dpkg-query", "-W", "mw-base"], capture_output=True, check=False)
    assert done.returncode == 1
