"""What storage.yml asks of each host."""

from __future__ import annotations

import pytest

from mountwright.duties import DeclaredExport, Duties, NfsServer, duties_of
from mountwright.inventory import load_inventory
from mountwright.spec import load_storage

HOSTS = """\
all:
  hosts:
    nfs1: {ansible_host: 192.168.0.1, ip: 10.0.0.1}
    nfs2: {ansible_host: 10.0.0.2}
    node1: {ansible_host: 10.0.0.11}
    node2: {ansible_host: 10.0.0.12}
    other: {}
"""
NFS = """\
kubernetes: {version: "1.33"}
nfs:
  servers: nfs1:nfs2
  clients: node1:nfs2
  exports_file: /etc/exports.d/mountwright.exports
  ports: {lockd_tcp: 4001}
  exports:
    - {path: /srv/a, owner: 1000, group: 100, mode: "0750", squash: none, clients: {10.0.0.0/24: [rw]}}
    - {path: /srv/b, servers: nfs2, clients: {"*": [ro]}}
ceph: {clients: node2}
"""
A = DeclaredExport("/srv/a", "1000", "100", "0750", (("10.0.0.0/24", ("rw", "no_root_squash")),))
B = DeclaredExport("/srv/b", "nobody", "", "0755", (("*", ("ro",)),))
FIRST = NfsServer("nfs1", "10.0.0.1", (A,))
SECOND = NfsServer("nfs2", "10.0.0.2", (A, B))
COMMON = {
    "ports": (("mountd", 20048), ("statd", 32765), ("lockd", 4001)),
    "exports_file": "/etc/exports.d/mountwright.exports",
}


@pytest.fixture
def spec(tmp_path):
    """Load a storage.yml for the hosts above."""

    def load(text):
        (tmp_path / "hosts.yml").write_text(HOSTS)
        (tmp_path / "storage.yml").write_text(text)
        inventory = load_inventory(tmp_path)
        return load_storage(inventory.storage_file, inventory)

    return load


def test_duties_of_each_host(spec):
    """Servers serve what is theirs at the address that clients use, clients mount from all, others do nothing."""
    loaded = spec(NFS)
    expected = {
        "nfs1": Duties("nfs1", serves=FIRST, **COMMON),
        "nfs2": Duties("nfs2", serves=SECOND, mounts_from=(FIRST, SECOND), **COMMON),
        "node1": Duties("node1", mounts_from=(FIRST, SECOND), **COMMON),
        "node2": Duties("node2", rbd=True, **COMMON),
        "other": Duties("other", **COMMON),
    }
    assert {name: duties_of(name, loaded) for name in expected} == expected


def test_without_nfs(spec):
    """Only rbd is left."""
    loaded = spec('kubernetes: {version: "1.33"}\nceph: {clients: node2}\n')
    assert duties_of("node2", loaded) == Duties("node2", rbd=True)
    assert duties_of("node1", loaded).nfs is False


def test_ports_that_clients_need(spec):
    """v4 needs 2049 alone; v3 needs those of its helpers, too."""
    both = duties_of("node1", spec(NFS))
    assert both.server_ports == (("nfs", 2049), ("rpcbind", 111), *COMMON["ports"])
    alone = duties_of("node1", spec(NFS.replace("  clients: node1", "  protocol: v4\n  clients: node1")))
    assert alone.server_ports == (("nfs", 2049),)
