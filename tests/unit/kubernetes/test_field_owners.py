"""Who owns which field; the entries are as a real API server wrote them."""

from __future__ import annotations

from mountwright.kubernetes.comparison import MISSING
from mountwright.kubernetes.field_owners import forgotten, owners

OURS = {
    "f:metadata": {"f:labels": {"f:tier": {}, "f:old": {}}},
    "f:spec": {
        "f:accessModes": {},
        "f:capacity": {"f:storage": {}},
        "f:nfs": {"f:path": {}, "f:server": {}},
        "f:containers": {'k:{"name":"a"}': {".": {}, "f:image": {}, "f:name": {}}},
        "f:finalizers": {'v:"x/y"': {}},
    },
}


def live(*entries, **spec):
    managed = [
        {"manager": manager, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": fields}
        for manager, operation, fields in entries
    ]
    labels = {"tier": "slow", "old": "label", "theirs": "x"}
    return {"kind": "PersistentVolume", "metadata": {"labels": labels, "managedFields": managed}, "spec": spec}


def test_our_own_fields_have_no_other_owner():
    """Neither what we applied nor what nobody has."""
    there = live(("mountwright", "Apply", OURS))
    assert owners(there, ("metadata", "labels", "tier")) == ()
    assert owners(there, ("spec", "claimRef")) == ()


def test_another_manager_owns_a_field_its_parts_and_what_is_below_an_atomic_whole():
    """Whole lists like mountOptions are owned as one; a mapping is owned by who has a part of it."""
    theirs = {"f:metadata": {"f:labels": {"f:tier": {}}}, "f:spec": {"f:mountOptions": {}, "f:nfs": {"f:path": {}}}}
    there = live(("mountwright", "Apply", OURS), ("kubectl-edit", "Update", theirs), ("helm", "Apply", theirs))
    for path in (
        ("metadata", "labels", "tier"),
        ("spec", "mountOptions"),
        ("spec", "mountOptions", "0"),
        ("spec", "nfs"),
    ):
        assert owners(there, path) == ("helm", "kubectl-edit")
    assert owners(there, ("metadata", "labels", "old")) == ()
    assert owners(there, ("spec", "nfs", "server")) == ()


def test_items_of_lists_are_owned_by_their_key():
    """As a merge key writes it."""
    theirs = {"f:spec": {"f:containers": {'k:{"name":"a"}': {"f:image": {}}}}}
    there = live(("someone", "Update", theirs))
    assert owners(there, ("spec", "containers", "name=a", "image")) == ("someone",)
    assert owners(there, ("spec", "containers", "name=b", "image")) == ()


def test_what_nobody_noted_belongs_to_the_time_before():
    """The API server gives all of it to a manager of that name on the first apply, so that it conflicts."""
    assert owners({"metadata": {}}, ("spec", "nfs")) == ("before-first-apply",)


def test_what_we_declared_once_and_no_longer_is_forgotten():
    """A label, an item of a list, a part of the source; what was never ours is not."""
    there = live(
        ("mountwright", "Apply", OURS),
        accessModes=["ReadWriteOnce"],
        nfs={"path": "/p", "server": "s"},
        containers=[{"name": "a", "image": "i"}],
        finalizers=["x/y", "theirs"],
    )
    declared = {
        "metadata": {"labels": {"tier": "slow"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "nfs": {"server": "s"}, "containers": [], "finalizers": []},
    }
    assert [(each.field, each.before, each.after) for each in forgotten(there, declared)] == [
        ("metadata.labels.old", "label", MISSING),
        ("spec.nfs.path", "/p", MISSING),
        ("spec.containers.name=a", {"name": "a", "image": "i"}, MISSING),
        ("spec.finalizers.x/y", "x/y", MISSING),
    ]


def test_what_somebody_else_owns_too_is_not_forgotten():
    """It stays on the server when we let go of it, so it would never be gone."""
    theirs = {"f:metadata": {"f:labels": {"f:old": {}}}}
    there = live(("mountwright", "Apply", OURS), ("helm", "Apply", theirs))
    declared = {"metadata": {"labels": {"tier": "slow"}}, "spec": {}}
    assert "metadata.labels.old" not in [each.field for each in forgotten(there, declared)]


def test_of_a_mapping_that_others_share_only_our_part_is_forgotten():
    """Also when nothing of the mapping is declared any more."""
    theirs = {"f:metadata": {"f:labels": {".": {}, "f:theirs": {}}}}
    there = live(("mountwright", "Apply", OURS), ("kubectl", "Update", theirs))
    fields = [each.field for each in forgotten(there, {"metadata": {}, "spec": {}})]
    assert fields == ["metadata.labels.tier", "metadata.labels.old"]
