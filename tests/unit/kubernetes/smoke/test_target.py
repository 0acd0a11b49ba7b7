"""What a trial asks for, and the storage that it keeps its hands off."""

from __future__ import annotations

import copy

import pytest

from mountwright.kubernetes.smoke.target import (
    Claim,
    Consumer,
    NotTriedError,
    class_target,
    export_target,
    node_target,
    volume_target,
)

VOLUME = {
    "metadata": {"name": "pv0001"},
    "spec": {
        "capacity": {"storage": "5Gi"},
        "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
        "volumeMode": "Filesystem",
        "storageClassName": "nfs",
        "persistentVolumeReclaimPolicy": "Retain",
    },
    "status": {"phase": "Available"},
}
CLASS = {"metadata": {"name": "fast"}, "provisioner": "rbd.csi.ceph.com"}


def volume(status=None, metadata=None, **spec):
    """The volume with other fields."""
    changed = copy.deepcopy(VOLUME)
    changed["spec"] |= spec
    changed["status"] |= status or {}
    changed["metadata"] |= metadata or {}
    return changed


def test_a_volume_is_asked_for_by_name():
    """The claim names the volume and asks for what it has, with the widest of its modes."""
    target = volume_target(VOLUME, Consumer.POD)
    assert target.claim == Claim("nfs", "ReadWriteMany", "5Gi", volume="pv0001")
    assert (target.name, target.steps, target.shared, target.fresh) == (
        "volume pv0001",
        ("write", "read"),
        True,
        False,
    )


def test_a_volume_as_it_is_rendered():
    """Before it is applied it has no status, and may have no class."""
    rendered = volume()
    del rendered["status"], rendered["spec"]["storageClassName"]
    assert volume_target(rendered, Consumer.POD).claim.storage_class == ""


def test_a_volume_for_readers_is_only_looked_at():
    """Nothing can be written to it: the pod lists what is there."""
    target = volume_target(volume(accessModes=["ReadOnlyMany"]), Consumer.POD)
    assert (target.steps, target.read_only) == (("look",), True)


def test_a_volume_for_one_node_is_read_where_it_was_written():
    """Another node could not use it."""
    assert not volume_target(volume(accessModes=["ReadWriteOnce"]), Consumer.POD).shared


HARM = [
    (volume(persistentVolumeReclaimPolicy="Delete"), "reclaim policy is Delete", True),
    (volume(persistentVolumeReclaimPolicy="Recycle"), "reclaim policy is Recycle", True),
    (volume(volumeMode="Block"), "raw block device", True),
    (
        volume({"phase": "Bound"}, claimRef={"namespace": "shop", "name": "db"}),
        "in use: bound to the claim shop/db",
        True,
    ),
    (volume(claimRef={"namespace": "shop", "name": "db"}), "reserved for the claim shop/db", True),
    (volume({"phase": "Released"}, claimRef={"namespace": "shop", "name": "db"}), "Released", False),
    (volume({"phase": "Failed", "message": "no recycler"}), "Failed: no recycler", False),
    (volume(metadata={"deletionTimestamp": "2030-01-01T00:00:00Z"}), "being deleted", False),
]


@pytest.mark.parametrize(("item", "reason", "harmless"), HARM)
def test_volumes_that_are_not_tried(item, reason, harmless):
    """What somebody uses, what the trial would destroy, and what can't be had is refused with the reason."""
    with pytest.raises(NotTriedError) as caught:
        volume_target(item, Consumer.POD)
    assert reason in caught.value.reason
    assert caught.value.harmless is harmless


@pytest.mark.parametrize(
    ("provisioner", "mode"),
    [
        ("nfs.csi.k8s.io", "ReadWriteMany"),
        ("cephfs.csi.ceph.com", "ReadWriteMany"),
        ("rbd.csi.ceph.com", "ReadWriteOnce"),
        ("rancher.io/local-path", "ReadWriteOnce"),
    ],
)
def test_a_class_is_asked_for_what_its_provisioner_can_do(provisioner, mode):
    """Shared file systems are tried from many nodes, others from one; what is made is the trial's own."""
    target = class_target({**CLASS, "provisioner": provisioner}, Consumer.POD, "1Gi", [])
    assert target.claim == Claim("fast", mode, "1Gi")
    assert target.fresh


@pytest.mark.parametrize("policy", ["Delete", "Recycle"])
def test_a_class_whose_claims_could_take_a_volume_that_holds_data(policy):
    """The controller prefers an existing volume: with this policy its data would go with the trial's claim."""
    free = volume(storageClassName="fast", persistentVolumeReclaimPolicy=policy)
    with pytest.raises(NotTriedError) as caught:
        class_target(CLASS, Consumer.POD, "1Gi", [free])
    assert "pv0001" in caught.value.reason


def test_a_class_with_existing_volumes_may_not_be_given_a_group():
    """A group for the pod's files would be given to all files of a volume that has some."""
    assert not class_target(CLASS, Consumer.POD, "1Gi", [volume(storageClassName="fast")]).fresh


def test_volumes_of_others_do_not_matter_to_a_class():
    """Of another class, bound, or raw: a claim of this class can't get them."""
    others = [
        volume(storageClassName="slow", persistentVolumeReclaimPolicy="Delete"),
        volume({"phase": "Bound"}, storageClassName="fast", persistentVolumeReclaimPolicy="Delete"),
        volume(storageClassName="fast", persistentVolumeReclaimPolicy="Delete", volumeMode="Block"),
    ]
    assert class_target(CLASS, Consumer.POD, "1Gi", others).fresh


def test_a_class_of_static_volumes_is_asked_for_what_they_have():
    """No provisioner makes what the claim asks for: it asks for what is there."""
    item = {**CLASS, "provisioner": "kubernetes.io/no-provisioner"}
    free = volume(storageClassName="fast", capacity={"storage": "10Mi"}, accessModes=["ReadWriteOncePod"])
    assert class_target(item, Consumer.POD, "1Gi", [free]).claim == Claim("fast", "ReadWriteOncePod", "10Mi")


def test_storage_without_a_claim():
    """An export is shared; a node's own storage is not; an emptyDir lives in one pod."""
    assert export_target("10.0.0.10", "/srv/a").shared
    assert not node_target(Consumer.HOSTPATH, "/var/tmp").shared  # noqa: S108 - the directory that is tried
    assert node_target(Consumer.EMPTYDIR).steps == ("exchange",)
