"""A declared object against the live one."""

from __future__ import annotations

import pytest

from mountwright.kubernetes.comparison import MISSING, Difference, differences, normalised, project


def found(declared, live):
    return [(each.field, each.before, each.after) for each in differences(declared, live)]


def spec(**fields):
    return {"spec": fields}


def test_what_was_not_declared_does_not_count():
    """Defaults and what controllers write are none of our business."""
    live = {"spec": {"a": 1, "volumeMode": "Filesystem"}, "status": {"phase": "Bound"}}
    assert found(spec(a=1), live) == []


def test_each_field_is_told_by_its_path():
    """A changed value, a missing one, and a whole mapping that is missing."""
    declared = {"metadata": {"labels": {"a": "1"}}, "spec": {"b": 2, "nfs": {"server": "s", "path": "/p"}}}
    live = {"metadata": {"labels": {"a": "0"}}, "spec": {"b": 3}}
    assert found(declared, live) == [
        ("metadata.labels.a", "0", "1"),
        ("spec.b", 3, 2),
        ("spec.nfs", MISSING, {"server": "s", "path": "/p"}),
    ]


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        (spec(capacity={"storage": "1024Mi"}), spec(capacity={"storage": "1Gi"})),
        (spec(resources={"requests": {"storage": "1.5Gi"}}), spec(resources={"requests": {"storage": "1536Mi"}})),
        (spec(emptyDir={"sizeLimit": "1000k"}), spec(emptyDir={"sizeLimit": "1M"})),
        (spec(accessModes=["ReadWriteOnce", "ReadWriteMany"]), spec(accessModes=["ReadWriteMany", "ReadWriteOnce"])),
        (spec(nfs={"readOnly": False, "path": "/p"}), spec(nfs={"path": "/p"})),
        (spec(storageClassName="", mountOptions=[]), spec()),
        ({"spec": {"a": None}}, {"spec": {}}),
        ({"parameters": {}}, {}),
        ({"metadata": {"finalizers": ["a/b"]}}, {"metadata": {"finalizers": ["kubernetes.io/pv-protection", "a/b"]}}),
    ],
)
def test_what_means_the_same_is_no_difference(declared, live):
    """Quantities are numbers, sets have no order, and an empty value is like an absent one."""
    assert found(declared, live) == []


@pytest.mark.parametrize(
    ("declared", "live"),
    [
        ({"metadata": {"labels": {"size": "1024Mi"}}}, {"metadata": {"labels": {"size": "1Gi"}}}),
        ({"metadata": {"labels": {"capacity": ""}}}, {"metadata": {"labels": {}}}),
        ({"parameters": {"capacity": "1k"}}, {"parameters": {"capacity": "1000"}}),
        ({"data": {"limits": "1"}}, {"data": {"limits": "1.0"}}),
        (spec(mountOptions=["a", "b"]), spec(mountOptions=["b", "a"])),
        (spec(accessModes=["ReadWriteOnce"]), spec(accessModes=["ReadWriteOnce", "ReadWriteMany"])),
        (spec(readOnly=True), spec(readOnly=1)),
        (spec(capacity={"storage": "1Gi"}), spec(capacity={"storage": "1G"})),
        ({"allowVolumeExpansion": True}, {"allowVolumeExpansion": False}),
        ({"metadata": {"finalizers": ["a/b"]}}, {"metadata": {"finalizers": ["kubernetes.io/pv-protection"]}}),
    ],
)
def test_what_means_another_thing_is_a_difference(declared, live):
    """Labels and parameters are texts, the order of mount options counts, and true is no number."""
    assert len(found(declared, live)) == 1


def test_lists_with_a_merge_key_are_compared_item_by_item():
    """Containers by name, ports by number; what others have added stays out of it."""
    declared = spec(containers=[{"name": "a", "image": "new", "ports": [{"containerPort": 80}]}, {"name": "c"}])
    port = {"containerPort": 80, "protocol": "TCP"}
    ours = {"name": "a", "image": "old", "ports": [port], "imagePullPolicy": "Always"}
    live = spec(containers=[{"name": "sidecar", "image": "x"}, ours])
    assert found(declared, live) == [
        ("spec.containers.name=a.image", "old", "new"),
        ("spec.containers.name=c", MISSING, {"name": "c"}),
    ]


def test_the_projection_shows_nothing_but_the_differences():
    """Only what is declared, written as it is declared where it means the same."""
    declared = {"kind": "X", "spec": {"capacity": {"storage": "1024Mi"}, "a": 1, "new": {"b": 2}, "nothing": ""}}
    live = {"kind": "X", "spec": {"a": 2, "capacity": {"storage": "1Gi"}, "theirs": 1}, "status": {}}
    assert project(declared, live) == {
        "kind": "X",
        "spec": {"capacity": {"storage": "1024Mi"}, "a": 2, "nothing": ""},
    }
    assert project(declared, MISSING) is MISSING


def test_a_secrets_texts_are_compared_as_the_server_keeps_them():
    """stringData is written in base64 below data, and wins over what is there."""
    secret = {"kind": "Secret", "data": {"a": "b2xk", "b": "Yg=="}, "stringData": {"a": "new"}}
    assert normalised(secret) == {"kind": "Secret", "data": {"a": "bmV3", "b": "Yg=="}}
    assert normalised({"kind": "ConfigMap", "stringData": {}}) == {"kind": "ConfigMap", "stringData": {}}


def test_a_difference_names_its_field():
    """As people write it."""
    assert Difference(("spec", "capacity", "storage"), "1Gi", "2Gi").field == "spec.capacity.storage"
