"""What a run tries, by the options and by what storage.yml declares."""

from __future__ import annotations

import pytest

from mountwright.errors import InputError
from mountwright.inventory import load_inventory
from mountwright.kubernetes.rendering import render_objects
from mountwright.kubernetes.smoke.choice import choose, declared_targets
from mountwright.kubernetes.smoke.target import Consumer
from mountwright.spec import load_storage

HOSTS = "nfs_servers:\n  hosts:\n    nfs1: {ansible_host: 10.0.0.10}\nkube_node:\n  hosts:\n    node1: {}\n"
STORAGE = """\
kubernetes: {version: "1.33"}
nfs:
  servers: nfs_servers
  clients: kube_node
  external: {filer1: filer.example.com}
  exports:
    - path: /srv/a
      clients: {10.0.0.0/24: [rw, sync, no_subtree_check]}
    - path: /srv/b
      clients: {10.0.0.0/24: [rw, sync, no_subtree_check]}
  volumes:
    - {name: pv1, export: /srv/a, capacity: 1Gi, access_modes: [ReadWriteMany], storage_class: nfs}
    - {name: pv2, export: /srv/b, capacity: 1Gi, access_modes: [ReadWriteOnce], reclaim_policy: Recycle}
  classes:
    - {name: nfs-csi, provisioner: nfs.csi.k8s.io, export: /srv/a}
"""


@pytest.fixture
def spec(tmp_path):
    return loaded(tmp_path, STORAGE)


def loaded(folder, storage):
    (folder / "hosts.yml").write_text(HOSTS)
    (folder / "storage.yml").write_text(storage)
    inventory = load_inventory(folder)
    return load_storage(inventory.storage_file, inventory)


def chosen(spec, **options):
    return choose(spec, render_objects(spec), **options)


def titles(spec, **options):
    return [wish.title for wish in chosen(spec, **options).wishes]


def test_all_that_is_declared(spec):
    """Without options: every class, then every volume, by a pod with a claim."""
    assert titles(spec) == ["class nfs-csi", "volume pv1", "volume pv2"]
    assert {wish.consumer for wish in chosen(spec).wishes} == {Consumer.POD}
    assert not any(wish.named for wish in chosen(spec).wishes)


def test_of_a_pool_one_volume_is_tried_and_that_is_said(tmp_path):
    """Two hundred volumes of one declaration are one place to try; nothing is left out in silence."""
    shape = 'export: /srv/a, subdir: "vol{:03}", capacity: 1Gi, access_modes: [ReadWriteMany]'
    many = f'    - {{name: "many{{:03}}", count: 200, {shape}}}\n'
    spec = loaded(tmp_path, STORAGE.replace("  classes:\n", f"{many}  classes:\n"))
    found = chosen(spec)
    assert [wish.title for wish in found.wishes] == ["class nfs-csi", "volume pv1", "volume pv2", "volume many001"]
    (note,) = found.notes
    assert "200 volumes many001 to many200" in note


@pytest.mark.parametrize("option", ["storage_class", "volume"])
@pytest.mark.parametrize("consumer", ["", "pod", "deployment", "statefulset"])
def test_what_is_named_is_tried_whoever_declares_it(spec, option, consumer):
    """A class or volume that others have made is as good; the cluster says whether it is there."""
    (wish,) = chosen(spec, **{option: "fast"}, consumer=consumer).wishes
    assert (wish.name, wish.named, wish.consumer.value) == ("fast", True, consumer or "pod")


def test_an_export_is_mounted_inline(spec):
    """By its path, on every server that has it, by the server's name or address."""
    assert titles(spec, export="/srv/a") == ["export 10.0.0.10:/srv/a"]
    assert titles(spec, export="nfs1:/srv/a") == ["export 10.0.0.10:/srv/a"]
    assert titles(spec, export="10.0.0.10:/srv/a") == ["export 10.0.0.10:/srv/a"]
    assert titles(spec, export="filer1:/vol/x") == ["export filer.example.com:/vol/x"]
    assert titles(spec, consumer="inline") == ["export 10.0.0.10:/srv/a", "export 10.0.0.10:/srv/b"]


def test_the_nodes_own_storage_needs_no_name(spec):
    """An emptyDir, and a directory that every node has."""
    assert titles(spec, consumer="emptydir") == ["emptydir"]
    assert titles(spec, consumer="hostpath") == ["hostpath /var/tmp"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"storage_class": "a", "volume": "b"}, "--class and --volume exclude each other"),
        ({"consumer": "job"}, "--consumer is one of pod, deployment"),
        ({"consumer": "emptydir", "volume": "pv1"}, "leave --volume out"),
        ({"consumer": "inline", "storage_class": "nfs"}, "leave --class out"),
        ({"consumer": "pod", "export": "/srv/a"}, "--export is for --consumer inline"),
        ({"export": "/srv/nowhere"}, "declares no export '/srv/nowhere'"),
        ({"export": "filer1:relative"}, "declares no export 'filer1:relative'"),
    ],
)
def test_options_that_make_no_sense(spec, options, said):
    """They are refused before anything connects, with what to say instead."""
    with pytest.raises(InputError, match=said):
        chosen(spec, **options)


def test_nothing_declared(tmp_path):
    """A storage.yml without class, volume or export says so instead of trying nothing."""
    spec = loaded(tmp_path, "ceph: {clients: kube_node}\n")
    with pytest.raises(InputError, match="no class and no volume"):
        chosen(spec)
    with pytest.raises(InputError, match="no section nfs"):
        chosen(spec, consumer="inline")


def test_targets_without_a_cluster(spec):
    """What is rendered is what storage.yml says; what would not be tried is noted, not left out in silence."""
    manifests = render_objects(spec)
    targets, notes = declared_targets(choose(spec, manifests).wishes, manifests, "1Gi")
    assert [target.name for target in targets] == ["class nfs-csi", "volume pv1"]
    (note,) = notes
    assert note.startswith("volume pv2 is not tried: its reclaim policy is Recycle")


def test_a_name_that_is_nearly_right(spec):
    """Without a cluster to ask, a name that storage.yml does not have is an error with the nearest one."""
    manifests = render_objects(spec)
    with pytest.raises(InputError, match="did you mean pv1"):
        declared_targets(choose(spec, manifests, volume="pv11").wishes, manifests, "1Gi")
    with pytest.raises(InputError, match="with --apply the cluster is asked"):
        declared_targets(choose(spec, manifests, volume="elsewhere").wishes, manifests, "1Gi")
