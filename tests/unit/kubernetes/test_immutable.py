"""Fields that the API server never lets be changed."""

from __future__ import annotations

import pytest

from mountwright.kubernetes.comparison import MISSING, Difference
from mountwright.kubernetes.immutable import refusals, reserved_claim


def live(kind, phase="Available", **rest):
    return {"kind": kind, "metadata": {"name": "x", "namespace": "ns"}, "status": {"phase": phase}, **rest}


def said(there, path, before="a", after="b"):
    return list(refusals(there, [Difference(tuple(path.split(".")), before, after)]))


@pytest.mark.parametrize(
    "path", ["spec.nfs.path", "spec.csi", "spec.local.path", "spec.volumeMode", "spec.hostPath.type"]
)
def test_a_volumes_source_and_mode(path):
    """They stay as they are; who may delete the object is told that the data stays."""
    there = live("PersistentVolume", spec={"persistentVolumeReclaimPolicy": "Retain"})
    (sentence,) = said(there, path)
    assert "can't be changed once it exists" in sentence
    assert "kubectl delete pv x" in sentence


def test_a_volumes_affinity_can_be_added_but_not_changed():
    """ValidatePersistentVolumeUpdate lets an absent one be set."""
    assert said(live("PersistentVolume", spec={}), "spec.nodeAffinity", MISSING, {}) == []
    there = live("PersistentVolume", spec={"nodeAffinity": {}})
    assert len(said(there, "spec.nodeAffinity.required.nodeSelectorTerms")) == 1


@pytest.mark.parametrize("policy", ["Delete", "Recycle"])
def test_nobody_is_led_to_lose_data(policy):
    """Before an object is deleted whose policy would take the data along, the policy is set."""
    there = live("PersistentVolume", spec={"persistentVolumeReclaimPolicy": policy})
    assert "set its reclaim policy to Retain first" in said(there, "spec.nfs.path")[0]


@pytest.mark.parametrize(
    "path", ["spec.capacity.storage", "spec.accessModes", "spec.persistentVolumeReclaimPolicy", "spec.mountOptions",
             "spec.storageClassName", "metadata.labels.a", "metadata.annotations.b"],
)  # fmt: skip
def test_what_a_volume_lets_be_changed(path):
    """Its size, modes, policy, options and class, and all of its metadata."""
    assert said(live("PersistentVolume", spec={}), path) == []


def test_the_claim_of_a_bound_volume():
    """Only of a bound one: a reservation may be changed."""
    there = live("PersistentVolume", "Bound", spec={"claimRef": {"namespace": "media", "name": "films"}})
    assert "it is bound to media/films" in said(there, "spec.claimRef.name")[0]
    assert said(live("PersistentVolume", spec={}), "spec.claimRef.name") == []


@pytest.mark.parametrize("path", ["provisioner", "parameters.pool", "reclaimPolicy", "volumeBindingMode"])
def test_a_class(path):
    """Its driver, parameters, policy and binding mode stay; deleting the class harms no volume."""
    (sentence,) = said(live("StorageClass"), path)
    assert "kubectl delete storageclass x" in sentence
    assert said(live("StorageClass"), "allowVolumeExpansion") == []
    assert said(live("StorageClass"), "mountOptions") == []


def test_a_claim():
    """It can grow when it is bound, and take a volume when it has none; nothing else."""
    size = "spec.resources.requests.storage"
    bound = live("PersistentVolumeClaim", "Bound", spec={"volumeName": "pv1"})
    pending = live("PersistentVolumeClaim", "Pending", spec={})
    assert said(bound, size, "1Gi", "2Gi") == []
    assert "can't shrink: it has 2Gi, and 1Gi is declared" in said(bound, size, "2Gi", "1Gi")[0]
    assert "not bound" in said(pending, size, "1Gi", "2Gi")[0]
    assert said(pending, "spec.volumeName", MISSING, "pv1") == []
    assert "volumeName can't be changed" in said(bound, "spec.volumeName", "pv1", "pv2")[0]
    assert "kubectl delete pvc -n ns x" in said(bound, "spec.accessModes")[0]
    assert said(bound, "metadata.labels.a") == []


@pytest.mark.parametrize("kind", ["Secret", "ConfigMap"])
def test_what_was_made_immutable(kind):
    """Nothing in it changes, its labels may."""
    frozen = live(kind, immutable=True)
    assert "made immutable" in said(frozen, "data.key")[0]
    assert said(frozen, "metadata.labels.a") == []
    assert said(live(kind), "data.key") == []


def test_the_type_of_a_secret():
    """It stays."""
    assert "its type can't be changed" in said(live("Secret"), "type")[0]


def test_a_reason_is_said_once():
    """However many fields it is true of."""
    there = live("StorageClass")
    fields = [Difference(("parameters", name), "a", "b") for name in ("x", "y")]
    assert len(list(refusals(there, fields))) == 1


def test_a_reservation_that_was_taken():
    """Who holds the volume is declared on; what was never declared or is still reserved for nobody is not."""
    reference = {
        "kind": "PersistentVolumeClaim",
        "namespace": "media",
        "name": "films",
        "uid": "1",
        "resourceVersion": "2",
    }
    held = live("PersistentVolume", "Bound", spec={"claimRef": reference})
    kept = {"kind": "PersistentVolumeClaim", "namespace": "media", "name": "films"}
    assert reserved_claim(held, {"spec": {}}) == kept
    assert reserved_claim(held, {"spec": {"claimRef": kept}}) is None
    reserved = live("PersistentVolume", spec={"claimRef": kept})
    assert reserved_claim(reserved, {"spec": {}}) is None
