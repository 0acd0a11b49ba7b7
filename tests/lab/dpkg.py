"""The locks of Debian's package manager, held as another dpkg would hold them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.lab.errors import LabError

if TYPE_CHECKING:
    from tests.lab.machine import Machine

LOCKS = ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock")
"""What apt and dpkg hold while they install: fcntl(2) locks, which flock(1) does not even notice."""

_HELD = "/run/lab-dpkg-lock-held"

# Perl is essential on Debian, Python isn't there. struct flock of x86-64: type, whence, padding, start, length, pid.
_HOLD = """
use strict; use warnings; use Fcntl;
my ($held, $seconds, @locks) = @ARGV;
my @open;
for my $path (@locks) {
    sysopen(my $file, $path, O_RDWR | O_CREAT, 0640) or die "$path: $!";
    my $lock = pack("s s x4 q q l x4", F_WRLCK, 0, 0, 0, 0);
    fcntl($file, F_SETLK, $lock) or die "$path: $!";
    push @open, $file;
}
open(my $sign, ">", $held) or die "$held: $!";
close $sign;
sleep $seconds;
unlink $held;
"""


def hold_dpkg_lock(machine: Machine, seconds: int, *, locks: tuple[str, ...] = LOCKS) -> None:
    """Hold the locks on a Debian machine for so many seconds from now; returns as soon as they are held.

    Raises LabError when they can't be had, because somebody else installs.
    """
    machine.run(f"rm -f {_HELD}", check=True)
    paths = " ".join(locks)
    machine.run(
        "cat >/run/lab-dpkg-lock.pl && systemd-run --quiet --collect"
        f" perl /run/lab-dpkg-lock.pl {_HELD} {seconds} {paths}",
        stdin=_HOLD,
        check=True,
    )
    deadline = time.monotonic() + 5
    while machine.run(f"test -e {_HELD}").returncode:
        if time.monotonic() > deadline:
            raise LabError(f"the locks {paths} on {machine.name} could not be taken within 5 s")
        time.sleep(0.1)
