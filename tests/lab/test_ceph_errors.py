"""What can be wrong with a cluster or the way to it: said in plain words, and other backends go on."""

from __future__ import annotations

import time

import pytest

from tests.lab.command import mountwright
from tests.lab.inventory_files import write_inventory

pytestmark = pytest.mark.lab

HEAD = "ceph:\n  admin: ceph_admin\n  clients: ceph1\n"
POOL = "  pools: [{name: images, application: rbd, size: 1}]\n"
USER = "  users: [{name: client.images, caps: {mon: allow r}}]\n"
LOW = "  admin_user: client.low\n  keyring: /root/low.keyring\n"


@pytest.fixture
def failure(ceph_admin, tmp_path):
    """Declare this, run, and return the admin host's error as one text."""

    def failure(storage, *options):
        write_inventory(tmp_path, {"ceph_admin": [ceph_admin.machine]}, HEAD + storage)
        ran = mountwright("ceph.users", "-i", tmp_path, "--format", "json", *options)
        assert ran.code == 1, ran
        assert "Traceback" not in ran.out + ran.err
        error = ran.document["hosts"]["ceph1"]["error"]
        return "\n".join([error["message"], *error["output"]])

    return failure


def test_wrong_admin_host(fleet, tmp_path):
    """A host without ceph is asked whether it is the right one; the nodes of other backends get what they need."""
    admin, node = fleet["node1"], fleet["node2"]
    node.reset()
    storage = (
        "ceph: {admin: ceph_admin, clients: ceph_admin, users: [{name: client.images, caps: {mon: allow r}}]}\n"
        "nfs: {external: {filer: filer.example.com}, clients: kube_node}\n"
    )
    write_inventory(tmp_path, {"ceph_admin": [admin], "kube_node": [node]}, storage)
    ran = mountwright("site", "-i", tmp_path, "--format", "json")
    assert ran.code == 1, ran
    assert ran.statuses == {"node1": "failed", "node2": "changed"}
    assert "ceph is missing here: is this the host that ceph.admin" in str(ran.document["hosts"]["node1"]["error"])
    assert node.run("command -v mount.nfs").returncode == 0
    node.reset()


def test_no_permission(failure, ceph_admin):
    """A user that may look but not manage is named, for the look at users as for the making of a pool."""
    ceph_admin.machine.run("ceph auth get-or-create client.low mon 'allow r' -o /root/low.keyring", check=True)
    said = failure(LOW + USER)
    assert "Error EACCES: access denied" in said
    assert "client.low lacks the right to do this: see ceph.admin_user and ceph.keyring" in said
    said = failure(LOW + POOL)
    assert "create the pool images for rbd: failed" in said
    assert "client.low lacks the right" in said
    assert ceph_admin.pool("images") is None


def test_key_of_another_cluster(failure, ceph_admin):
    """A keyring whose key the monitors don't know is told apart from rights that are missing."""
    other = "ceph-authtool --create-keyring /root/low.keyring --gen-key -n client.low"
    ceph_admin.machine.run(f"ceph auth get-or-create client.low mon 'allow r' >/dev/null; {other}", check=True)
    assert "the monitors don't take the key that client.low has here" in failure(LOW + USER)


def test_no_keyring_and_no_conf(failure):
    """Files that are not there are named, and so is the key that would name others."""
    assert "/root/none.keyring is not here or can't be read" in failure("  keyring: /root/none.keyring\n" + USER)
    assert "/etc/ceph/none.conf is not here or can't be read" in failure("  conf: /etc/ceph/none.conf\n" + USER)
    assert "there is no key of client.none here: is this the admin host?" in failure(
        "  admin_user: client.none\n" + USER
    )
    assert "there is no ceph.conf here for this cluster" in failure("  cluster: other\n" + USER)


def test_cluster_down(failure, ceph_admin):
    """Without a monitor the run ends after the time that is given to reach one, not after Ceph's five minutes."""
    ceph_admin.machine.run("systemctl stop ceph-mon@a", check=True)
    began = time.monotonic()
    said = failure(POOL + USER)
    assert time.monotonic() - began < 30
    assert "no monitor or OSD answered within 15 s: is the cluster up" in said


def test_no_osd(failure, ceph_admin):
    """A pool whose placement groups nobody serves: the run ends, although rbd says that all is well."""
    ceph_admin.machine.run("systemctl stop ceph-osd@0; ceph osd down 0", check=True)
    said = failure(POOL)
    assert "create the pool images for rbd: failed" in said
    assert "rbd: error registered application: (110) Connection timed out" in said
    assert "no monitor or OSD answered within 15 s" in said


def test_no_manager(failure, ceph_admin):
    """What only a manager answers is not waited for without end."""
    ceph_admin.machine.run("systemctl stop ceph-mgr@a", check=True)
    said = failure("  filesystems: [{name: cephfs, subvolume_groups: [csi]}]\n")
    assert "gave no answer within 60 s: is a manager active" in said


def test_health_err(failure, ceph_admin, tmp_path):
    """A cluster in an error is left alone, and what ails it is said; rights can be withdrawn all the same."""
    ceph_admin.ceph("auth", "add", "client.images", "mon", "allow *")
    ceph_admin.machine.run("systemctl stop ceph-mds@a; ceph mds fail a", check=True)
    until_health(ceph_admin, "HEALTH_ERR")
    said = failure(POOL)
    assert "the cluster is in HEALTH_ERR, so the new pool images is left alone" in said
    assert "MDS_ALL_DOWN: 1 filesystem is offline" in said
    assert ceph_admin.pool("images") is None
    write_inventory(tmp_path, {"ceph_admin": [ceph_admin.machine]}, HEAD + USER)
    ran = mountwright("ceph.users", "-i", tmp_path)
    assert ran.code == 0, ran
    assert "the Ceph cluster is in HEALTH_ERR" in ran.out
    assert ceph_admin.caps("client.images") == {"mon": "allow r"}


def until_health(cluster, wanted):
    deadline = time.monotonic() + 60
    while cluster.ceph("health")["status"] != wanted:
        assert time.monotonic() < deadline, cluster.ceph("health")
        time.sleep(0.5)


def test_mistyped_names(failure, ceph_admin):
    """A pool or file system that is said to exist and doesn't: the name that was probably meant; nothing is made."""
    said = failure("  pools: [{name: cephfs.dat, existing: true, namespaces: [a]}]\n" + USER)
    assert "the cluster has no pool cephfs.dat; did you mean cephfs.data?" in said
    assert "no file system cefs; did you mean cephfs?" in failure(
        "  filesystems: [{name: cefs, subvolume_groups: [csi]}]\n" + USER
    )
    assert "is there already, for cephfs, and storage.yml declares it for rbd" in failure(
        "  pools: [{name: cephfs.data, application: rbd}]\n" + USER
    )
    assert ceph_admin.caps("client.images") is None


def test_capability_that_the_monitors_refuse(failure):
    """What passes our checks and not theirs is shown with their words."""
    said = failure("  users: [{name: client.images, caps: {osd: allow rw pool = images}}]\n")
    assert "create the user client.images: failed with exit code 22" in said
    assert "osd capability parse failed" in said
