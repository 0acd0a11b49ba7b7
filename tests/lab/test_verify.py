"""verify on real machines: it passes where the storage works, and fails where something is broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.lab.command import mountwright
from tests.lab.inventory_files import write_inventory
from tests.lab.qemu import Hardware
from tests.lab.vms import Spec, Vms

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.vm import VirtualMachine

pytestmark = [pytest.mark.lab, pytest.mark.vm]

STORAGE = """\
kubernetes: {version: "1.33"}
nfs:
  servers: nfs1
  clients: node1
  exports:
    - {path: /srv/nfs/pv1, mode: "0777", clients: {10.77.0.0/24: [rw, no_subtree_check]}}
    - {path: "/srv/nfs/a b", owner: 1234, group: 1234, mode: "0700", clients: {10.77.0.0/24: [rw, no_subtree_check]}}
    - {path: /srv/nfs/ro, clients: {10.77.0.0/24: [ro, no_subtree_check]}}
ceph:
  clients: node1
"""
MOUNT = "Can be mounted, written and read as declared"
# What a verification could leave behind on a node.
LEFT = "awk '$3 ~ /^nfs4?$/' /proc/mounts; ls -d /run/mountwright-verify.*; find /srv/nfs -name '.mountwright*'"


@dataclass(frozen=True)
class Site:
    """A server and a node, set up by the roles."""

    inventory: Path
    server: VirtualMachine
    node: VirtualMachine

    def verify(self, limit):
        """Return the exit code, and the names of the failed tests with their messages."""
        ran = mountwright("verify", "-i", self.inventory, "-l", limit, "--format", "json")
        tests = ran.document["hosts"][limit]["tests"]
        return ran.code, {test["name"]: test["message"] for test in tests if test["outcome"] == "failed"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    hardware = Hardware(flavour="prepared")
    with Vms([Spec("nfs1", hardware), Spec("node1", hardware)]) as machines:
        folder = tmp_path_factory.mktemp("verify")
        host_vars = {machine.name: {"ip": machine.lan_address} for machine in machines}
        write_inventory(folder, {"all_machines": list(machines)}, STORAGE, host_vars=host_vars)
        ran = mountwright("site", "-i", folder)
        assert ran.code == 0, ran
        yield Site(folder, machines["nfs1"], machines["node1"])


def test_storage_that_works(site):
    """Every test passes on both hosts, each export is used with both versions, and nothing is left behind."""
    ran = mountwright("verify", "-i", site.inventory, "--format", "json")
    assert ran.code == 0, ran
    names = [test["name"] for test in ran.document["hosts"]["node1"]["tests"] if test["outcome"] == "passed"]
    assert sum(name.startswith(MOUNT) for name in names) == 6
    assert site.node.run(LEFT).stdout == b""
    assert site.server.run(LEFT).stdout == b""


def test_module_that_is_not_loaded(site):
    """The node has lost rbd: verify says so."""
    site.node.text("modprobe -r rbd")
    try:
        code, failed = site.verify("node1")
    finally:
        site.node.text("modprobe rbd")
    assert code == 1
    assert {"The rbd module is loaded", "The kernel takes requests to map images (/sys/bus/rbd)"} == failed.keys()


def test_module_that_would_not_come_back(site):
    """Loaded now, listed nowhere: gone after the next reboot."""
    site.node.text("mkdir /run/aside && mv /etc/modules-load.d/*rbd* /run/aside/")
    try:
        code, failed = site.verify("node1")
    finally:
        site.node.text("mv /run/aside/* /etc/modules-load.d/ && rmdir /run/aside")
    assert code == 1
    assert list(failed) == ["The rbd module will be loaded after a reboot"]


def test_mount_helper_that_is_gone(site):
    """Without mount.nfs nothing can be mounted."""
    site.node.text("mv /sbin/mount.nfs /sbin/mount.nfs.aside")
    try:
        code, failed = site.verify("node1")
    finally:
        site.node.text("mv /sbin/mount.nfs.aside /sbin/mount.nfs")
    assert code == 1
    assert "mount.nfs is installed, which kubelet needs to mount NFS volumes" in failed
    assert sum(name.startswith(MOUNT) for name in failed) == 6


def test_export_that_was_withdrawn(site):
    """Taken back by hand: the server's tests and the node's mounts of it fail, the other exports' don't."""
    site.server.text("exportfs -u 10.77.0.0/24:/srv/nfs/pv1")
    try:
        node_code, node_failed = site.verify("node1")
        server_code, server_failed = site.verify("nfs1")
    finally:
        site.server.text("exportfs -ra")
    assert (node_code, server_code) == (1, 1)
    assert set(node_failed) == {f"{MOUNT}: nfs1:/srv/nfs/pv1 over NFS {version}" for version in ("3", "4.2")}
    assert set(server_failed) == {
        "Exported, with the access that was declared: /srv/nfs/pv1 to 10.77.0.0/24",
        "Shown by showmount -e: /srv/nfs/pv1",
    }


def test_export_with_other_options(site):
    """Exported read-only by hand, declared rw: the server's options and the node's writing both show it."""
    site.server.text("exportfs -u 10.77.0.0/24:/srv/nfs/pv1; exportfs -o ro 10.77.0.0/24:/srv/nfs/pv1")
    try:
        node_code, node_failed = site.verify("node1")
        server_code, server_failed = site.verify("nfs1")
    finally:
        site.server.text("exportfs -u 10.77.0.0/24:/srv/nfs/pv1; exportfs -ra")
    assert (node_code, server_code) == (1, 1)
    assert set(node_failed) == {f"{MOUNT}: nfs1:/srv/nfs/pv1 over NFS {version}" for version in ("3", "4.2")}
    assert list(server_failed) == ["Exported, with the access that was declared: /srv/nfs/pv1 to 10.77.0.0/24"]


def test_directory_with_another_mode(site):
    """The declared mode is gone: the server's test tells both modes."""
    site.server.text("chmod 0700 /srv/nfs/pv1")
    try:
        code, failed = site.verify("nfs1")
    finally:
        site.server.text("chmod 0777 /srv/nfs/pv1")
    assert code == 1
    assert failed == {
        "A directory with the owner and the mode that were declared: /srv/nfs/pv1": "mode 0700, declared 0777"
    }


def test_server_that_would_not_come_back(site):
    """Running now, disabled: gone after the next reboot."""
    site.server.text("systemctl disable nfs-server")
    try:
        code, failed = site.verify("nfs1")
    finally:
        site.server.text("systemctl enable nfs-server")
    assert code == 1
    assert list(failed) == ["nfs-server will start after a reboot"]


def test_all_is_well_again(site):
    """What the tests above broke is mended; so their failures were of their own making."""
    ran = mountwright("verify", "-i", site.inventory, "--format", "json")
    assert ran.code == 0, ran
