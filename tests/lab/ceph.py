"""A real Ceph cluster in one container: a monitor, a manager, an OSD, a metadata server, cephx everywhere.

The container is also the admin host: it has an sshd, the ``ceph`` command and the administrator's keyring. Its
monitor listens on the container's address on the lab's bridge, where virtual machines with a user-mode card reach it
as well.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.lab.errors import LabError
from tests.lab.fleet import Fleet, Node
from tests.lab.images import debian_root

if TYPE_CHECKING:
    from tests.lab.machine import Machine

FILESYSTEM = "cephfs"
"""The CephFS that the cluster has from the start."""

POOLS = (".mgr", "device_health_metrics", f"{FILESYSTEM}.meta", f"{FILESYSTEM}.data")
"""The pools that it has from the start; the manager makes one of the first two when it likes."""

HOST = "ceph1"

_SETUP = Path(__file__).with_name("ceph.sh")
_SECONDS = 180

# Units of the packages that only fail or sleep here.
_MASKED = ("nvmf-autoconnect.service", "ceph-crash.service")

# $1: the file system; $2: users that stay, one a line; the rest: pools that stay.
_RESET = r"""
set -eu
filesystem=$1 users=$2
shift 2
kept=" $* "
ceph_() { timeout 20 ceph --connect-timeout 15 "$@"; }
systemctl start ceph-mon@a
# else the monitors take a manager that has ended for an active one, and who asks it waits
systemctl --quiet is-active ceph-mgr@a || ceph_ mgr fail a
systemctl start ceph-osd@0 ceph-mgr@a ceph-mds@a
for pool in $(ceph_ osd pool ls); do
    case $kept in *" $pool "*) ;; *)
        ceph_ osd pool delete "$pool" "$pool" --yes-i-really-really-mean-it 2>/dev/null
    esac
done
ceph_ auth ls --format=json 2>/dev/null | tr '{' '\n' | sed -n 's/^"entity":"\(client\.[^"]*\)".*/\1/p' |
while read -r user; do
    printf '%s\n' "$users" | grep -q -x -F -e "$user" || ceph_ auth del "$user" 2>/dev/null
done
tries=0
until ceph_ fs status "$filesystem" 2>/dev/null | grep -q active && groups=$(ceph_ fs subvolumegroup ls "$filesystem")
do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || exit 1
    sleep 0.5
done
printf '%s\n' "$groups" | sed -n 's/.*"name": "\(.*\)".*/\1/p' |
while read -r group; do ceph_ fs subvolumegroup rm "$filesystem" "$group"; done
rm -f /root/*.keyring
"""


@dataclass(frozen=True)
class CephCluster:
    """The running cluster: the machine that is all of it, and how tests talk to it."""

    machine: Machine
    users: tuple[str, ...]
    """The clients that it has from the start."""

    def ceph(self, *arguments: str) -> Any:
        """Run ``ceph ARGUMENTS --format=json`` there as the administrator and return its answer.

        LabError when it fails.
        """
        call = shlex.join(["ceph", "--connect-timeout", "20", *arguments, "--format=json"])
        answer = self.machine.text(call)
        return json.loads(answer) if answer else None

    def run(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        """Run any command there; its exit code is the caller's to judge."""
        return self.machine.run(shlex.join(command))

    def caps(self, user: str) -> dict[str, str] | None:
        """The capabilities of a user as the monitor has them; None where there is no such user."""
        for each in self.ceph("auth", "ls")["auth_dump"]:
            if each["entity"] == user:
                found: dict[str, str] = each["caps"]
                return found
        return None

    def keys(self) -> dict[str, str]:
        """The key of every user: what must not be seen anywhere."""
        return {each["entity"]: each["key"] for each in self.ceph("auth", "ls")["auth_dump"]}

    def pool(self, name: str) -> dict[str, Any] | None:
        """A pool as the cluster describes it; None where there is no such pool."""
        pools = self.ceph("osd", "pool", "ls", "detail")
        return next((each for each in pools if each["pool_name"] == name), None)

    def reset(self) -> None:
        """Start what a test has stopped; delete the pools, users and subvolume groups that tests have made."""
        arguments = shlex.join([FILESYSTEM, "\n".join(self.users), *POOLS])
        self.machine.run(f"sh -s -- {arguments}", stdin=_RESET, check=True, timeout=_SECONDS)


def ceph_fleet() -> Fleet:
    """The one machine, not yet up."""
    return Fleet([Node(HOST, debian_root("12", variant="ceph"), masked=_MASKED)])


def make_cluster(machine: Machine) -> CephCluster:
    """Make a fresh machine a cluster, and return when it is healthy. LabError with its own words when it fails."""
    arguments = shlex.join([machine.address, FILESYSTEM])
    try:
        machine.run(f"sh -s -- {arguments}", stdin=_SETUP.read_text(), check=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        raise LabError(f"the Ceph cluster on {machine.name} was not up after {_SECONDS} s") from None
    there = json.loads(machine.text("ceph --connect-timeout 20 auth ls --format=json 2>/dev/null"))
    clients = (each["entity"] for each in there["auth_dump"])
    return CephCluster(machine, tuple(name for name in clients if name.startswith("client.")))
