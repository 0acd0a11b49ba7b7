"""What may be reclaimed, by which patch, and where a volume's data is said to be."""

from __future__ import annotations

import pytest

from mountwright.errors import HostError
from mountwright.kubernetes.places import place_of
from mountwright.kubernetes.reclaim import examine

REFERENCE = {
    "kind": "PersistentVolumeClaim",
    "apiVersion": "v1",
    "namespace": "db",
    "name": "data",
    "uid": "u1",
    "resourceVersion": "7",
}


def volume(phase, *, policy="Retain", reference=REFERENCE, **more):
    metadata = {"name": "pv1", "uid": "v1", "resourceVersion": "42", **more.pop("metadata", {})}
    spec = {"persistentVolumeReclaimPolicy": policy, "nfs": {"server": "s", "path": "/p"}}
    if reference:
        spec["claimRef"] = reference
    return {"metadata": metadata, "spec": spec, "status": {"phase": phase, **more}}


def test_the_claim_ref_is_removed_if_nothing_has_changed():
    """The patch does nothing at all unless it meets the very volume that was looked at."""
    found = examine("pv1", volume("Released"))
    assert list(found.patch) == [
        {"op": "test", "path": "/metadata/uid", "value": "v1"},
        {"op": "test", "path": "/metadata/resourceVersion", "value": "42"},
        {"op": "remove", "path": "/spec/claimRef"},
    ]
    assert (found.claim, found.place) == ("db/data", "NFS s:/p")
    assert "-  name: data" in found.diff


def test_a_reservation_keeps_the_claims_name_only():
    """uid and resourceVersion are of the claim that is gone; the controller's mark is no longer true either."""
    marked = volume("Released", metadata={"annotations": {"pv.kubernetes.io/bound-by-controller": "yes"}})
    found = examine("pv1", marked, keep_reservation=True)
    assert list(found.patch[2:]) == [
        {"op": "remove", "path": "/spec/claimRef/uid"},
        {"op": "remove", "path": "/spec/claimRef/resourceVersion"},
        {"op": "remove", "path": "/metadata/annotations/pv.kubernetes.io~1bound-by-controller"},
    ]
    assert "-  uid: u1" in found.diff
    assert "-  name" not in found.diff


def test_an_available_volume_needs_nothing():
    """Whom it is reserved for is said."""
    found = examine("pv1", volume("Available", reference={"namespace": "db", "name": "data"}))
    assert (found.patch, found.state) == (None, "pv1 is Available, reserved for db/data")
    assert examine("pv1", volume("Available", reference=None)).state == "pv1 is Available"


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (None, "there is no PersistentVolume pv1"),
        (volume("Bound"), "is Bound to the claim db/data"),
        (volume("Failed", policy="Delete", message="no deleter"), r"its policy Delete went wrong \(no deleter\)"),
        (volume("Released", policy="Delete"), "about to be deleted with its data"),
        (volume("Released", policy="Recycle"), "about to be emptied"),
        (volume("Released", metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}), "is being deleted"),
        (volume("", reference=None), "is Pending"),
    ],
)
def test_what_is_refused(found, message):
    """All that is neither Released nor Available, or about to go; with the reason."""
    with pytest.raises(HostError, match=message):
        examine("pv1", found)


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"nfs": {"server": "10.0.0.1", "path": "/srv"}}, "NFS 10.0.0.1:/srv"),
        ({"csi": {"driver": "nfs.csi.k8s.io", "volumeHandle": "s#p"}}, "CSI nfs.csi.k8s.io, volumeHandle s#p"),
        ({"rbd": {"pool": "k8s", "image": "foo"}}, "RBD pool k8s, image foo"),
        ({"hostPath": {"path": "/data"}}, "hostPath /data"),
        ({"cephfs": {}}, "CephFS ?"),
        ({"iscsi": {"targetPortal": "t", "iqn": "q", "lun": 0}}, "iSCSI t q LUN 0"),
        ({"gcePersistentDisk": {}}, "a source of another kind"),
        (
            {
                "local": {"path": "/mnt/a"},
                "nodeAffinity": {
                    "required": {
                        "nodeSelectorTerms": [
                            {
                                "matchExpressions": [
                                    {"key": "kubernetes.io/hostname", "operator": "In", "values": ["node1"]}
                                ]
                            }
                        ]
                    }
                },
            },
            "local /mnt/a on node1",
        ),
    ],
)
def test_where_the_data_is(spec, place):
    """Each kind of source in its own words; what is missing is a question mark."""
    assert place_of(spec) == place
