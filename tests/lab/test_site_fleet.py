"""Nodes of every family, and runs that are disturbed: locks, cut connections, killed operators, full disks."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import replace

import pytest

from tests.lab.command import ROOT, command_line, environment, mountwright
from tests.lab.dpkg import hold_dpkg_lock
from tests.lab.inventory_files import write_inventory
from tests.lab.keys import ADMIN_PASSWORD

pytestmark = pytest.mark.lab

STORAGE = """\
kubernetes: {version: "1.33"}
nfs:
  servers: nfs_servers
  clients: kube_node
  exports:
    - path: /srv/nfs/pv1
      clients: {192.0.2.0/24: [rw, sync, no_subtree_check]}
"""


@pytest.fixture
def nodes_inventory(tmp_path):
    """Writes an inventory of nodes whose server is only named."""

    def write(*machines, **host_vars):
        server = replace(machines[0], name="server", address="192.0.2.1")
        groups = {"nfs_servers": [server], "kube_node": machines}
        return write_inventory(tmp_path / "inventory", groups, STORAGE, host_vars=host_vars)

    return write


def client(inventory, *more, **options):
    return mountwright("nfs.client", "-i", inventory, "--format", "json", *more, **options)


def has_mount_helper(machine):
    return machine.run("test -x /sbin/mount.nfs || test -x /usr/sbin/mount.nfs").returncode == 0


def wait_until(machine, command, seconds=60):
    deadline = time.monotonic() + seconds
    while machine.run(command).returncode:
        assert time.monotonic() < deadline, f"{command} was not true on {machine.name} within {seconds} s"
        time.sleep(0.1)


def test_each_family_converges_and_stays(fresh_fleet, debian13_node, redhat_node, nodes_inventory):
    """Debian 12 and 13 through apt, the RHEL-like node through dnf; a second run changes nothing."""
    redhat_node.reset()
    debian13_node.reset()
    machines = (fresh_fleet[0], debian13_node, redhat_node)
    inventory = nodes_inventory(*machines)
    first = client(inventory)
    assert (first.code, set(first.statuses.values())) == (0, {"changed"}), first
    assert all(has_mount_helper(machine) for machine in machines)
    assert b"nfs-utils" in redhat_node.run("rpm -q nfs-utils").stdout
    second = client(inventory)
    assert (second.code, set(second.statuses.values())) == (0, {"unchanged"}), second


def test_a_held_dpkg_lock_is_waited_for(fresh_fleet, nodes_inventory):
    """Another package run holds the lock for a while: ours waits and succeeds."""
    machine = fresh_fleet[0]
    hold_dpkg_lock(machine, 12)
    begun = time.monotonic()
    ran = client(nodes_inventory(machine))
    assert (ran.code, ran.statuses) == (0, {machine.name: "changed"}), ran
    assert time.monotonic() - begun > 8


def start(inventory):
    return subprocess.Popen(
        command_line("nfs.client", "-i", inventory, "--format", "json"),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )


def assert_heals(inventory, machine):
    """The next run waits for what is still at work, then finds or makes everything as declared."""
    healed = client(inventory)
    assert healed.code == 0, healed
    again = client(inventory)
    assert again.statuses == {machine.name: "unchanged"}, again
    assert has_mount_helper(machine)
    assert machine.text("dpkg --audit") == ""
    left = machine.text("find / -xdev -name '.mountwright.*' -o -xdev -name 'mountwright.????????'")
    assert left == "", left


def test_a_cut_connection_is_one_hosts_failure_and_heals(fresh_fleet, nodes_inventory):
    """The connection dies in the middle of an installation: said so; the other host is done; the next run heals."""
    machine, other = fresh_fleet[0], fresh_fleet[1]
    inventory = nodes_inventory(machine, other)
    hold_dpkg_lock(machine, 6)
    with start(inventory) as process:
        wait_until(machine, "pgrep -x apt-get")
        # The sshd of our session, not the listener and not the one that runs this command.
        machine.run("pkill -KILL -o -f 'sshd: root@notty' ; true")
        out, err = process.communicate(timeout=300)
    assert process.returncode == 1, (out, err)
    assert f'"{other.name}"'.encode() in out
    assert b"connection" in out
    assert has_mount_helper(other)
    assert_heals(nodes_inventory(machine), machine)


def test_a_killed_operator_leaves_nothing_half_done(fresh_fleet, nodes_inventory):
    """SIGKILL in the middle of an installation: the host finishes its step, the next run converges."""
    machine = fresh_fleet[0]
    inventory = nodes_inventory(machine)
    hold_dpkg_lock(machine, 4)
    with start(inventory) as process:
        wait_until(machine, "pgrep -x apt-get")
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert_heals(inventory, machine)


def test_ctrl_c_says_so_and_the_next_run_converges(fresh_fleet, nodes_inventory):
    """An interrupted run reports its hosts, exits with 1, and can be run again."""
    machine = fresh_fleet[0]
    inventory = nodes_inventory(machine)
    hold_dpkg_lock(machine, 4)
    with start(inventory) as process:
        wait_until(machine, "pgrep -x apt-get")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1, (out, err)
    assert b"Traceback" not in err
    assert b"interrupted" in out
    assert_heals(inventory, machine)


def test_an_unreachable_node_neither_stops_nor_hides_the_others(fresh_fleet, nodes_inventory):
    """One address answers nobody: it is reported with what to do, the other nodes are done."""
    inventory = nodes_inventory(*fresh_fleet.machines.values(), node2={"ansible_port": 9})
    ran = client(inventory)
    assert ran.code == 1
    assert ran.statuses == {"node1": "changed", "node2": "unreachable", "node3": "changed"}, ran
    assert "refused" in ran.document["hosts"]["node2"]["error"]["message"], ran


@pytest.mark.parametrize("user", ["operator", "admin"])
def test_two_operators_at_once_do_not_interleave(fresh_fleet, nodes_inventory, user):
    """Two runs at the same time on the same node, one of them through sudo: both end well, one has nothing to do."""
    machine = fresh_fleet[0]
    login = {"ansible_user": user} | ({"ansible_become_password": ADMIN_PASSWORD} if user == "admin" else {})
    inventory = nodes_inventory(machine, **{machine.name: login})
    with start(inventory) as one, start(inventory) as two:
        outputs = [one.communicate(timeout=600), two.communicate(timeout=600)]
    assert (one.returncode, two.returncode) == (0, 0), outputs
    assert has_mount_helper(machine)


def test_a_full_disk_is_said_and_healed(fresh_fleet, nodes_inventory):
    """dpkg finds no room for a file: a clear failure with its words; with room again, the next run converges."""
    machine = fresh_fleet[0]
    inventory = nodes_inventory(machine)
    full = "/usr/lib/x86_64-linux-gnu/libnfsidmap"  # libnfsidmap1 brings files for it that are larger than this
    machine.run(f"mkdir -p {full} && mount -t tmpfs -o size=8k none {full}", check=True)
    try:
        ran = client(inventory)
        assert (ran.code, ran.statuses) == (1, {machine.name: "failed"}), ran
        error = ran.document["hosts"][machine.name]["error"]
        assert error["resource"].startswith("package:"), ran
        assert any("No space left" in line for line in error["output"]), ran
    finally:
        machine.run(f"umount {full}", check=True)
    assert_heals(inventory, machine)
