"""The main job from bare machines to verified storage, on virtual machines with a kernel of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.lab.command import Ran, mountwright
from tests.lab.inventory_files import write_inventory
from tests.lab.keys import ADMIN_PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.vm import VirtualMachine

pytestmark = [pytest.mark.lab, pytest.mark.vm]

# The second path is as hostile as exports(5) lets a path be; it must arrive byte for byte and run nothing.
HOSTILE = '/srv/nfs/it\'s $(touch /run/pwned) `id` "x" #1'
STORAGE = """\
kubernetes: {version: "1.33"}
nfs:
  servers: nfs_servers
  clients: kube_node
  exports:
    - path: /srv/nfs/pv1
      clients: {10.77.0.0/24: [rw, sync, no_subtree_check]}
    - path: "/srv/nfs/it's $(touch /run/pwned) `id` \\"x\\" #1"
      mode: "0755"
      clients: {10.77.0.0/24: [ro, sync, no_subtree_check]}
  volumes:
    - {name: pv0001, export: /srv/nfs/pv1, capacity: 1Gi, access_modes: [ReadWriteMany], storage_class: nfs}
ceph:
  clients: kube_node
"""
# A host's state as far as the role could touch it. The lock and logs are not in these places.
DIGEST = (
    "{ find /etc /srv -printf '%p %y %m %u %g %l\\n' | sort; find /etc -type f -exec sha256sum {} + | sort;"
    " dpkg-query -W -f '${Package} ${Version} ${Status}\\n'; cat /proc/modules | cut -d' ' -f1 | sort;"
    " systemctl list-unit-files --no-legend; } | sha256sum"
)


@dataclass(frozen=True)
class Site:
    """Three bare machines and their inventory."""

    inventory: Path
    server: VirtualMachine
    nodes: tuple[VirtualMachine, VirtualMachine]

    @property
    def machines(self) -> tuple[VirtualMachine, ...]:
        return (self.server, *self.nodes)

    def digests(self) -> dict[str, str]:
        return {machine.name: machine.text(DIGEST) for machine in self.machines}


@dataclass(frozen=True)
class Checked:
    """What check mode said about the bare machines, and their digests before and after."""

    ran: Ran
    before: dict[str, str]
    after: dict[str, str]


@pytest.fixture(scope="module")
def site(vms, tmp_path_factory):
    vms.reset()
    server, *nodes = vms.machines.values()
    folder = tmp_path_factory.mktemp("site")
    host_vars = {machine.name: {"ip": machine.lan_address} for machine in vms}
    # Three ways to be root: as root, by a sudo that asks nothing, by one that asks for a password.
    host_vars[nodes[0].name]["ansible_user"] = "operator"
    host_vars[nodes[1].name].update(ansible_user="admin", ansible_become_password=ADMIN_PASSWORD)
    write_inventory(folder, {"nfs_servers": [server], "kube_node": nodes}, STORAGE, host_vars=host_vars)
    return Site(folder, server, tuple(nodes))


@pytest.fixture(scope="module")
def checked(site):
    before = site.digests()
    ran = mountwright("site", "-i", site.inventory, "--check", "--diff")
    return Checked(ran, before, site.digests())


@pytest.fixture(scope="module")
def converged(site, checked):
    assert checked.after == checked.before  # what follows starts from bare machines
    return mountwright("site", "-i", site.inventory, "--format", "json")


@pytest.fixture(scope="module")
def rebooted(site, converged):
    assert converged.code == 0
    machines = (site.server, site.nodes[0])
    for machine in machines:
        machine.reboot()
    return machines


def test_doctor_finds_no_obstacle_on_bare_machines(site):
    """What a run would bring is no error, and doctor changes nothing."""
    before = site.digests()
    ran = mountwright("doctor", "-i", site.inventory, "--format", "json")
    assert ran.code == 0, ran
    assert site.digests() == before
    rules = {finding["rule"] for finding in ran.document["hosts"]["node1"]["findings"]}
    assert rules, ran


def test_check_mode_changes_nothing_and_shows_all(checked):
    """Exit code 2, every change with its diff, and not a byte of the machines is another."""
    assert checked.ran.code == 2, checked.ran
    assert checked.after == checked.before
    for wanted in ("nfs-kernel-server", "/etc/exports", "+/srv/nfs/pv1", "rbd", "would change"):
        assert wanted in checked.ran.out, checked.ran


def test_one_run_converges_bare_machines(converged):
    """Servers and nodes are changed, none fails."""
    assert converged.code == 0, converged
    assert set(converged.statuses.values()) == {"changed"}, converged


def test_a_second_run_changes_nothing(site, converged):
    """All hosts are unchanged, check mode exits with 0."""
    assert converged.code == 0
    again = mountwright("site", "-i", site.inventory, "--format", "json")
    assert (again.code, set(again.statuses.values())) == (0, {"unchanged"}), again
    assert mountwright("site", "-i", site.inventory, "--check").code == 0


def test_hostile_paths_arrive_byte_for_byte_and_run_nothing(site, converged):
    """A path full of shell is exported as it stands."""
    assert converged.code == 0
    assert site.server.run(f"test -d {quoted(HOSTILE)}").returncode == 0
    assert site.server.run("test -e /run/pwned").returncode == 1
    assert "\\040" in site.server.text("cat /etc/exports")


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def test_verify_agrees(site, converged):
    """The testinfra suite mounts every export from every node with both versions, writes and reads back."""
    assert converged.code == 0
    ran = mountwright("verify", "-i", site.inventory, "--format", "json")
    assert ran.code == 0, ran
    tests = ran.document["hosts"][site.nodes[0].name]["tests"]
    assert {test["outcome"] for test in tests} == {"passed"}, ran
    assert any("/srv/nfs/pv1" in test["name"] for test in tests), ran


def test_after_a_reboot_rbd_is_loaded_and_exports_are_served(site, rebooted):
    """What was set up survives the reboot of the server and of a node, and a run has nothing to change."""
    server, node = rebooted
    assert node.run("grep -qw ^rbd /proc/modules").returncode == 0
    assert "/srv/nfs/pv1" in server.text("showmount --no-headers -e localhost")
    ran = mountwright("verify", "-i", site.inventory)
    assert ran.code == 0, ran
    again = mountwright("site", "-i", site.inventory, "--format", "json")
    assert set(again.statuses.values()) == {"unchanged"}, again


def test_verify_and_the_next_run_see_what_was_broken(site, rebooted):
    """rbd taken away and an export withdrawn by hand: verify fails on both, site heals both, verify passes."""
    server, node = rebooted
    node.run("modprobe -r rbd", check=True)
    server.run("exportfs -ua", check=True)
    broken = mountwright("verify", "-i", site.inventory, "--format", "json")
    assert broken.code == 1, broken
    assert broken.statuses[server.name] == "failed", broken
    assert broken.statuses[node.name] == "failed", broken
    healed = mountwright("site", "-i", site.inventory, "--format", "json")
    assert (healed.code, healed.statuses[server.name], healed.statuses[node.name]) == (0, "changed", "changed"), (
        healed
    )
    verified = mountwright("verify", "-i", site.inventory)
    assert verified.code == 0, verified


def test_the_profile_v4_turns_version_3_off(site, rebooted):
    """The same hosts go over to NFSv4 alone: rpcbind and statd masked, version 3 off, and verified so."""
    assert rebooted
    text = STORAGE.replace("nfs:\n", "nfs:\n  protocol: v4\n", 1)
    (site.inventory / "storage.yml").write_text(text)
    ran = mountwright("site", "-i", site.inventory, "--format", "json")
    assert ran.code == 0, ran
    again = mountwright("site", "-i", site.inventory, "--format", "json")
    assert set(again.statuses.values()) == {"unchanged"}, again
    assert "-3" in site.server.text("cat /proc/fs/nfsd/versions").split()
    assert site.server.run("systemctl is-enabled rpcbind.socket").stdout.strip() == b"masked"
    verified = mountwright("verify", "-i", site.inventory)
    assert verified.code == 0, verified
