"""Exports of a running kernel server while real clients have them mounted, over NFSv3 and NFSv4."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.lab.command import mountwright
from tests.lab.inventory_files import write_inventory

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.vm import VirtualMachine

pytestmark = [pytest.mark.lab, pytest.mark.vm]

HEAD = """\
kubernetes: {version: "1.33"}
nfs:
  servers: nfs_servers
  clients: kube_node
  exports:
"""
PV1 = "    - {path: /srv/pv1, mode: '0777', clients: {10.77.0.0/24: [rw, sync, no_subtree_check]}}\n"
PV2 = "    - {path: /srv/pv2, mode: '0777', clients: {10.77.0.0/24: [rw, sync, no_subtree_check]}}\n"
PV4 = "    - {path: /srv/pv4, clients: {10.77.0.0/24: [rw, no_subtree_check]}}\n"
NOBODY = "    - {path: /srv/pv3, clients: {nosuchhost.invalid: [rw, no_subtree_check]}}\n"


@dataclass(frozen=True)
class Site:
    """A server with two exports, and two nodes."""

    folder: Path
    server: VirtualMachine
    nodes: tuple[VirtualMachine, ...]

    def apply(self, *exports, options=()):
        """Declare these exports alone and set up the server."""
        (self.folder / "storage.yml").write_text(HEAD + "".join(exports))
        return mountwright("nfs.server", "-i", self.folder, "--format", "json", *options)

    def exports(self):
        """The paths that the server exports now."""
        return sorted(set(self.server.text("cut -f 1 /var/lib/nfs/etab").splitlines()))

    def started(self):
        """When the server and its mount daemon were started."""
        return self.server.text("systemctl show -p ActiveEnterTimestampMonotonic nfs-server nfs-mountd")

    def mount(self, node, path, version):
        node.run("mkdir -p /mnt/test", check=True)
        node.run(f"mount -t nfs -o vers={version} {self.server.lan_address}:{path} /mnt/test", check=True)


@pytest.fixture(scope="module")
def site(vms, tmp_path_factory):
    vms.reset()
    server, *nodes = vms.machines.values()
    folder = tmp_path_factory.mktemp("nfs-role")
    host_vars = {machine.name: {"ip": machine.lan_address} for machine in vms}
    write_inventory(folder, {"nfs_servers": [server], "kube_node": nodes}, HEAD + PV1 + PV2, host_vars=host_vars)
    ran = mountwright("site", "-i", folder, "--format", "json")
    assert ran.code == 0, ran
    return Site(folder, server, tuple(nodes))


@pytest.fixture
def mounted(site):
    """The two exports as declared, and nothing mounted before and after."""

    def unmount():
        for node in site.nodes:
            node.run("umount -f /mnt/test 2>/dev/null || umount -l /mnt/test 2>/dev/null")

    unmount()
    ran = site.apply(PV1, PV2)
    assert ran.code == 0, ran
    yield site
    unmount()


def failure(ran, site):
    """The server's error: message and output as one text."""
    assert ran.code == 1, ran
    error = ran.document["hosts"][site.server.name]["error"]
    return "\n".join([error["message"], *error["output"]])


def test_mounted_over_v3(mounted):
    """The export stays, the client that has it is named, and the mount goes on working."""
    site, node = mounted, mounted.nodes[0]
    site.mount(node, "/srv/pv2", 3)
    said = failure(site.apply(PV1), site)
    assert f"/srv/pv2 for 10.77.0.0/24: {node.lan_address} has it mounted (NFSv3, by rmtab)" in said
    assert "--withdraw-mounted" in said
    assert site.exports() == ["/srv/pv1", "/srv/pv2"]
    node.run("touch /mnt/test/alive", check=True)
    node.run("umount /mnt/test", check=True)
    assert site.apply(PV1).code == 0
    assert site.exports() == ["/srv/pv1"]


def test_connected_over_v4(mounted):
    """NFSv4 has no list of mounts: a connected client may have it mounted, until it goes."""
    site, node = mounted, mounted.nodes[1]
    site.mount(node, "/srv/pv2", "4.2")
    said = failure(site.apply(PV1), site)
    assert f"/srv/pv2 for 10.77.0.0/24: {node.lan_address} (" in said
    assert "is connected over NFSv4 and may have it mounted" in said
    node.run("umount /mnt/test", check=True)
    assert site.apply(PV1).code == 0
    assert site.exports() == ["/srv/pv1"]


def test_forced_and_never_a_restart(mounted):
    """With the operator's word it goes; who mounts another export notices nothing, as nothing is restarted."""
    site, (first, second) = mounted, mounted.nodes
    site.mount(first, "/srv/pv1", 3)
    site.mount(second, "/srv/pv1", "4.2")
    before = site.started()
    ran = site.apply(PV1, options=["--withdraw-mounted"])
    assert ran.code == 0, ran
    assert site.exports() == ["/srv/pv1"]
    assert site.started() == before
    for node in site.nodes:
        node.run(f"touch /mnt/test/{node.name}", check=True, timeout=30)


def test_export_that_can_not_be_made_leaves_mounts_alone(mounted):
    """A name that does not resolve fails the run; file and exports are as before, and mounts go on."""
    site, node = mounted, mounted.nodes[0]
    site.mount(node, "/srv/pv2", "4.2")
    before = site.server.text("sha256sum /etc/exports")
    said = failure(site.apply(PV1, PV2, NOBODY), site)
    assert "/srv/pv3 is not exported to nosuchhost.invalid" in said
    assert (site.server.text("sha256sum /etc/exports"), site.exports()) == (before, ["/srv/pv1", "/srv/pv2"])
    node.run("touch /mnt/test/alive", check=True, timeout=30)


def test_faulty_foreign_line_changes_nothing(mounted):
    """It is named before anything is changed: a later change would withdraw what clients have mounted."""
    site = mounted
    site.server.run("sed -i '1i /srv/foreign node1 (rw)' /etc/exports", check=True)
    before = site.server.text("sha256sum /etc/exports")
    said = failure(site.apply(PV1, PV2, PV4), site)
    assert "/etc/exports:1: " in said
    assert "everybody (*) gets (rw)" in said
    assert (site.server.text("sha256sum /etc/exports"), site.exports()) == (before, ["/srv/pv1", "/srv/pv2"])
    assert site.server.run("test -e /srv/pv4").returncode == 1
    site.server.run("sed -i 1d /etc/exports", check=True)
