"""Which host gets what, and in which order."""

from __future__ import annotations

import pytest

from mountwright.errors import InputError
from mountwright.inventory import load_inventory
from mountwright.resources.unit import Unit
from mountwright.spec import load_storage
from roles.site import merged, works

HOSTS = """\
all:
  children:
    nfs_servers: {hosts: {nfs1: {ansible_host: 10.0.0.10}}}
    kube_node: {hosts: {node1: {ansible_host: 10.0.0.11}, node2: {ansible_host: 10.0.0.12}}}
    both: {hosts: {nfs1: {}, node1: {}}}
    idle: {hosts: {spare: {ansible_host: 10.0.0.99}}}
"""
STORAGE = """\
kubernetes: {version: "1.33"}
nfs:
  servers: nfs_servers
  clients: %(clients)s
  protocol: %(protocol)s
  exports_file: /etc/exports.d/mw.exports
  threads: 16
  exports:
    - {path: /srv/a, mode: "0770", owner: 1000, group: 1001, clients: {10.0.0.0/24: [rw, no_subtree_check]}}
    - {path: /srv/b, clients: {10.0.0.11: [ro], 10.0.0.12: [rw]}}
  volumes:
    - {name: pv1, export: /srv/a, capacity: 1Gi, access_modes: [ReadWriteOnce], storage_class: nfs}
    - {name: pv2, export: /srv/a, subdir: x/y, capacity: 1Gi, access_modes: [ReadWriteOnce], storage_class: nfs}
ceph: {clients: kube_node}
"""


@pytest.fixture
def assign(tmp_path):
    """Call ``works`` for these hosts with a protocol and the clients' group."""

    def call(protocol="v3+v4", clients="kube_node", kubectl="", **settings):
        (tmp_path / "hosts.yml").write_text(HOSTS)
        storage = tmp_path / "storage.yml"
        text = STORAGE % {"protocol": protocol, "clients": clients}
        storage.write_text(text.replace('{version: "1.33"}', f'{{version: "1.33"{kubectl}}}'))
        inventory = load_inventory(tmp_path)
        return {work.host.name: work for work in works(inventory, load_storage(storage, inventory), **settings)}

    return call


def ids(work):
    return [resource.id for resource in work.resources]


def resource(work, identity):
    return next(each for each in work.resources if each.id == identity)


def test_servers_come_before_nodes(assign):
    """Each host with a role has one work at its stage; others have none."""
    assert {name: work.stage for name, work in assign().items()} == {"nfs1": 0, "node1": 1, "node2": 1}


def test_server_with_v3(assign):
    """Settings, firewall, package, directories, services, live settings, exports: in this order."""
    assert ids(assign()["nfs1"]) == [
        "file:/etc/nfs.conf.d/mountwright.conf",
        "file:/etc/modprobe.d/mountwright-lockd.conf",
        "firewall_ports:the NFS server",
        "selinux_boolean:nfs_export_all_rw",
        "package:nfs-kernel-server",
        "directory:/srv/a",
        "directory:/srv/b",
        "directory:/srv/a/x/y",
        "unit:rpcbind.socket",
        "unit:rpcbind.service",
        "unit:rpc-statd.service",
        "unit:nfs-server.service",
        "nfs_server_settings:live",
        "nfs_exports:/etc/exports.d/mw.exports",
    ]


def test_server_with_v4_alone(assign):
    """What NFSv3 needs is masked before the package could start it."""
    work = assign("v4")["nfs1"]
    before = ids(work)[: ids(work).index("package:nfs-kernel-server")]
    for unit in ("unit:rpcbind.socket", "unit:rpcbind.service", "unit:rpc-statd.service"):
        assert unit in before
        assert resource(work, unit).masked
    assert "absent:/etc/modprobe.d/mountwright-lockd.conf" in before
    assert resource(work, "firewall_ports:the NFS server").ports == ("2049/tcp",)
    assert resource(work, "nfs_server_settings:live").v3 is None


def test_a_volume_inside_of_an_export_gets_its_folder(assign):
    """The folder has the owner and mode of the export, so that the volume can be mounted and used like it."""
    folder = resource(assign()["nfs1"], "directory:/srv/a/x/y")
    assert (folder.mode, folder.owner, folder.group) == ("0770", "1000", "1001")


def test_settings_of_the_server(assign):
    """nfs.conf says what the live settings are compared with."""
    v3 = resource(assign()["nfs1"], "file:/etc/nfs.conf.d/mountwright.conf").content
    assert v3.splitlines()[1:] == [
        "[nfsd]",
        "vers3=y",
        "vers4=y",
        "threads=16",
        "",
        "# fixed, so that a firewall can let them through",
        "[mountd]",
        "port=20048",
        "",
        "[statd]",
        "port=32765",
        "outgoing-port=32766",
        "",
        "[lockd]",
        "port=32768",
        "udp-port=32768",
    ]
    v4 = resource(assign("v4")["nfs1"], "file:/etc/nfs.conf.d/mountwright.conf").content
    assert v4.splitlines()[1:] == ["[nfsd]", "vers3=n", "vers4=y", "threads=16"]
    lockd = resource(assign()["nfs1"], "file:/etc/modprobe.d/mountwright-lockd.conf").content
    assert lockd.endswith("\noptions lockd nlm_tcpport=32768 nlm_udpport=32768\n")


def test_exports_and_their_directories(assign):
    """One entry for each client, in the order declared; directories as declared."""
    work = assign(withdraw_mounted=True)["nfs1"]
    exports = resource(work, "nfs_exports:/etc/exports.d/mw.exports")
    assert [(entry.path, entry.client, entry.options) for entry in exports.entries] == [
        ("/srv/a", "10.0.0.0/24", ("rw", "no_subtree_check")),
        ("/srv/b", "10.0.0.11", ("ro",)),
        ("/srv/b", "10.0.0.12", ("rw",)),
    ]
    assert exports.withdraw_mounted
    directory = resource(work, "directory:/srv/a")
    assert (directory.mode, directory.owner, directory.group) == ("0770", "1000", "1001")
    assert resource(work, "directory:/srv/b").group is None


def test_withdrawing_what_is_mounted_has_to_be_asked_for(assign):
    """Without the option a mounted export stays."""
    assert not resource(assign()["nfs1"], "nfs_exports:/etc/exports.d/mw.exports").withdraw_mounted


def test_node(assign):
    """A node has the mount helper, what locks over NFSv3 need, and rbd."""
    assert ids(assign()["node1"]) == [
        "package:nfs-common",
        "selinux_boolean:virt_use_nfs",
        "unit:rpcbind.socket",
        "unit:rpcbind.service",
        "unit:rpc-statd.service",
        "kernel_module:rbd",
    ]


def test_node_with_v4_alone(assign):
    """The services of NFSv3 are not needed, and not touched: other mounts of the node may use them."""
    expected = ["package:nfs-common", "selinux_boolean:virt_use_nfs", "kernel_module:rbd"]
    assert ids(assign("v4")["node1"]) == expected


@pytest.mark.parametrize("protocol", ["v3+v4", "v4"])
def test_server_that_mounts_as_well(assign, protocol):
    """Both roles agree about a host; each resource is there once, the server's first."""
    work = assign(protocol, clients="both")["nfs1"]
    assert work.stage == 0
    assert len(ids(work)) == len(set(ids(work)))
    assert ids(work).index("package:nfs-kernel-server") < ids(work).index("package:nfs-common")


def test_only_the_roles_asked_for(assign):
    """A task for one role gives only its hosts, with nothing of other roles."""
    assert {name: ids(work) for name, work in assign(roles={"rbd_client"}).items()} == {
        "node1": ["kernel_module:rbd"],
        "node2": ["kernel_module:rbd"],
    }


def test_role_that_does_not_exist(assign):
    """A task that names no role is a mistake of ours, found at once."""
    with pytest.raises(KeyError, match="there is no role nfs_sever"):
        assign(roles={"nfs_sever"})


def test_roles_that_disagree():
    """Two wishes about one thing are an error with both of them, never the last one's."""
    masked = ("one", [Unit("rpcbind.service", masked=True)])
    with pytest.raises(InputError, match=r"h1: the roles one and two want different things of unit:rpcbind\.service"):
        merged("h1", [masked, ("two", [Unit("rpcbind.service", active=True)])])
    assert merged("h1", [masked, masked]) == tuple(masked[1])


def test_no_objects_are_applied_without_kubectl(assign):
    """Who does not say where kubectl runs has a cluster that others look after."""
    assert not any(identity.startswith("kubernetes") for work in assign().values() for identity in ids(work))
    assert assign(roles={"cluster"}) == {}


def test_objects_come_after_all_servers_and_nodes(assign):
    """A node that kubectl runs on waits for the others with all that it has."""
    works = assign(kubectl=", kubectl: {on: node1}")
    assert {name: work.stage for name, work in works.items()} == {"nfs1": 0, "node1": 2, "node2": 1}
    assert ids(works["node1"])[-3:] == [
        "kubernetes:PersistentVolume/pv1",
        "kubernetes:PersistentVolume/pv2",
        f"kubernetes_leftovers:{resource(works['node1'], ids(works['node1'])[-1]).inventory}",
    ]
    assert "kernel_module:rbd" in ids(works["node1"])
    assert ids(assign(kubectl=", kubectl: {on: node1}", roles={"cluster"})["node1"]) == ids(works["node1"])[-3:]


def test_kubectl_on_the_operators_machine(assign):
    """It is no host of the inventory: it comes last, without sudo, and nothing else is done to it."""
    works = assign(kubectl=", kubectl: {local: {context: lab}}")
    here = works["localhost"]
    assert list(works) == ["nfs1", "node1", "node2", "localhost"]
    assert here.stage == 2
    assert (here.host.connection.transport, here.host.connection.become) == ("local", False)
    assert {identity.partition(":")[0] for identity in ids(here)} == {"kubernetes", "kubernetes_leftovers"}
    access = resource(here, ids(here)[-1]).access
    assert access.context == "lab"
    assert access.search_path


def test_pruning_and_force_are_handed_on(assign):
    """To the resources that do it, and off where they were not asked for."""
    for prune, force in ((False, False), (True, True)):
        work = assign(kubectl=", kubectl: {local: {}}", prune=prune, force_conflicts=force)["localhost"]
        assert resource(work, ids(work)[-1]).prune is prune
        assert resource(work, "kubernetes:PersistentVolume/pv1").cluster.force is force
