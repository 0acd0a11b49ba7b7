"""What the admin host of a Ceph cluster gets, from storage.yml on."""

from __future__ import annotations

import pytest

from mountwright.inventory import load_inventory
from mountwright.resources.ceph_user import CephUser
from mountwright.spec import load_storage
from roles.site import NODES, SERVERS, works

HOSTS = """
all:
  children:
    ceph_admin: {hosts: {ceph1: , ceph2: }}
    kube_node: {hosts: {node1: }}
"""
STORAGE = """
ceph:
  admin: ceph_admin
  clients: kube_node
  command: [cephadm, shell, --]
  keyring: /etc/ceph/ops.keyring
  admin_user: client.ops
  pools:
    - {name: images, application: rbd, autoscale: off, namespaces: [team-a]}
    - {name: erasure, existing: true}
  filesystems:
    - {name: cephfs, subvolume_groups: [csi]}
  users:
    - {name: client.images, profile: rbd, pools: [images], namespaces: [team-a]}
    - {name: client.raw, caps: {mon: allow r}}
"""


@pytest.fixture
def planned(tmp_path):
    def planned(storage):
        (tmp_path / "hosts.yml").write_text(HOSTS)
        (tmp_path / "storage.yml").write_text(storage)
        inventory = load_inventory(tmp_path)
        return works(inventory, load_storage(tmp_path / "storage.yml", inventory))

    return planned


def test_the_first_host_of_the_group_before_the_nodes(planned):
    """One host manages the cluster, in the stage of the servers; what is needed comes before what needs it."""
    admin, node = planned(STORAGE)
    assert [(each.host.name, each.stage) for each in (admin, node)] == [("ceph1", SERVERS), ("node1", NODES)]
    assert [each.id for each in admin.resources] == [
        "ceph:health",
        "ceph-pool:images",
        "ceph-namespace:images/team-a",
        "ceph-pool:erasure",
        "ceph-filesystem:cephfs",
        "ceph-subvolume-group:cephfs/csi",
        "ceph-user:client.images",
        "ceph-user:client.raw",
    ]
    assert {id(each.probe()) for each in admin.resources} == {id(admin.resources[0].probe())}
    values = admin.resources[0].probe().values
    assert values["ceph_prefix"] == "cephadm\nshell\n--"
    assert (values["ceph_keyring"], values["ceph_name"]) == ("/etc/ceph/ops.keyring", "client.ops")
    assert admin.resources[1].autoscale == "off"


def test_capabilities_follow_from_the_profile(planned):
    """A user is held to its pools and namespaces; own wording is taken as it is."""
    users = [each for each in planned(STORAGE)[0].resources if isinstance(each, CephUser)]
    place = "profile rbd pool=images namespace=team-a"
    assert [dict(user.caps) for user in users] == [
        {"mon": "profile rbd", "mgr": place, "osd": place},
        {"mon": "allow r"},
    ]


def test_nothing_of_the_cluster_declared(planned):
    """An admin host that has nothing to do is not connected to."""
    assert [each.host.name for each in planned("ceph: {clients: kube_node, admin: ceph_admin}\n")] == ["node1"]
