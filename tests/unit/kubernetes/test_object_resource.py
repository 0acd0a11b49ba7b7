"""A Kubernetes object as a resource: what it plans for what the cluster has."""

from __future__ import annotations

import json

import pytest
import yaml

from mountwright.errors import HostError, InputError
from mountwright.inventory import load_inventory
from mountwright.kubernetes.kubectl import Access
from mountwright.kubernetes.live import look, read_live
from mountwright.kubernetes.manifests import Manifest
from mountwright.kubernetes.object_resource import objects
from mountwright.kubernetes.ownership import inventory_label, owned, ownership_labels
from mountwright.resources.base import Observed, OperatingSystem
from mountwright.secret import Secret
from mountwright.spec import load_storage
from mountwright.yaml_lines import Document

LINUX = OperatingSystem("debian")


def manifest(kind, name, namespace="", group="v1", *, secrets=(), rendered=False, **rest):
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), **rest.pop("metadata", {})}
    data = {"apiVersion": group, "kind": kind, "metadata": metadata, **rest}
    return Manifest(data, Document("storage.yml", {}), rendered=rendered, secrets=secrets)


def volume(name="pv1", **spec):
    return manifest("PersistentVolume", name, spec={"capacity": {"storage": "1Gi"}, **spec})


def plan(declared, *live, force=False, index=-1):
    resource = objects(declared, Access(), force=force)[index]
    printed = "\n".join(json.dumps(each, indent=4) for each in live).encode()
    return resource.plan(Observed(present=True, stdout=printed), LINUX)


def there(one, manager="mountwright", fields=None, **more):
    """The live object that a manifest made."""
    entry = {"manager": manager, "operation": "Apply", "fieldsV1": fields or {}}
    metadata = {**one.data["metadata"], "managedFields": [entry], "uid": "1", **more.pop("metadata", {})}
    return {**one.data, "metadata": metadata, **more}


NAMESPACE = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "media"}, "status": {"phase": "Active"}}


def test_an_object_that_is_not_there_is_created():
    """The whole of it is the diff; it reaches kubectl by a value, and the rehearsal too."""
    change = plan([volume()])
    assert change.summary == "create PersistentVolume/pv1"
    assert change.before is None
    assert yaml.safe_load(change.after) == volume().data
    (manifest,) = change.script.arguments
    assert json.loads(manifest) == volume().data
    assert (change.batch, change.item) == ("persistentvolume ", "pv1")
    assert change.rehearsal is not None


def test_an_object_that_has_all_of_it_is_left_alone():
    """Whatever else it has."""
    assert plan([volume()], there(volume(), status={"phase": "Bound"})) is None


def test_the_answer_may_be_objects_and_lists():
    """kubectl prints a list for several names, an object for one, and nothing for none."""
    listed = {"kind": "PersistentVolumeList", "apiVersion": "v1", "items": [there(volume())]}
    assert plan([volume()], NAMESPACE, {"kind": "List", "items": []}, listed) is None
    assert read_live(b"").find(volume()) is None


def test_a_change_says_which_fields():
    """The first three; the diff shows them all and nothing else."""
    live = there(volume(capacity={"storage": "1Gi"}), spec={"capacity": {"storage": "2Gi"}, "mountOptions": ["b"]})
    change = plan([volume(mountOptions=["a"])], live)
    assert (
        change.summary
        == 'change PersistentVolume/pv1: spec.capacity.storage 2Gi -> 1Gi, spec.mountOptions ["b"] -> ["a"]'
    )
    assert yaml.safe_load(change.before)["spec"] == {"capacity": {"storage": "2Gi"}, "mountOptions": ["b"]}
    assert yaml.safe_load(change.after)["spec"] == {"capacity": {"storage": "1Gi"}, "mountOptions": ["a"]}


def test_what_is_declared_no_longer_is_in_the_diff():
    """Applying takes away what we once declared."""
    fields = {"f:metadata": {"f:labels": {"f:old": {}}}}
    change = plan([volume()], there(volume(), fields=fields, metadata={"labels": {"old": "x", "theirs": "y"}}))
    assert change.summary == "change PersistentVolume/pv1: remove metadata.labels.old"
    assert yaml.safe_load(change.before)["metadata"]["labels"] == {"old": "x"}
    assert "labels" not in yaml.safe_load(change.after)["metadata"]


def test_another_managers_field_is_a_conflict():
    """With force it is a note, and the script says so to kubectl."""
    theirs = {"f:spec": {"f:capacity": {"f:storage": {}}}}
    live = there(volume(), "kubectl-edit", theirs, spec={"capacity": {"storage": "2Gi"}})
    with pytest.raises(HostError, match=r"spec\.capacity\.storage is kubectl-edit's.*--force-conflicts") as refusal:
        plan([volume()], live)
    assert refusal.value.output == ("spec.capacity.storage 2Gi -> 1Gi",)
    change = plan([volume()], live, force=True)
    assert change.notes == ("spec.capacity.storage is taken over from kubectl-edit",)
    assert change.script.values["force"] is True


def test_a_field_of_ours_is_no_conflict():
    """It is changed without a word."""
    ours = {"f:spec": {"f:capacity": {"f:storage": {}}}}
    assert plan([volume()], there(volume(), fields=ours, spec={"capacity": {"storage": "2Gi"}})) is not None


def test_what_can_not_be_changed_is_refused_with_its_place():
    """The file that declares it, and every field that differs."""
    live = there(volume(nfs={"path": "/a"}), status={"phase": "Available"})
    with pytest.raises(HostError, match=r"source \(spec\.nfs\.path\).*declared in storage\.yml") as refusal:
        plan([volume(nfs={"path": "/b"})], live)
    assert refusal.value.output == ("spec.nfs.path /a -> /b",)


def test_what_is_being_deleted_is_not_applied_to():
    """It would be gone a moment later."""
    with pytest.raises(HostError, match="is being deleted"):
        plan([volume()], there(volume(), metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}))


def secret(value="s3cr3t-value", **more):
    return manifest("Secret", "key", "media", stringData={"userKey": value, "userID": "ops"}, **more)


def test_the_values_of_a_secret_are_never_shown():
    """Not in the summary, the diff, the notes or the representation; only which of them differ."""
    live = there(manifest("Secret", "key", "media", data={"userKey": "b3RoZXItdmFsdWU=", "userID": "b3Bz"}))
    for lives in ((NAMESPACE,), (NAMESPACE, live)):
        change = plan([secret()], *lives)
        shown = repr(change) + str(change.summary) + str(change.before) + str(change.after) + str(change.notes)
        for form in ("s3cr3t-value", "czNjcjN0LXZhbHVl", "other-value", "b3RoZXItdmFsdWU", "b3Bz"):
            assert form not in shown
        (sent,) = change.script.arguments
        assert isinstance(sent, Secret)
        assert json.loads(sent.reveal())["data"]["userKey"] == "czNjcjN0LXZhbHVl"
    assert change.summary == "change Secret/media/key: data.userKey (another value)"
    assert yaml.safe_load(change.after)["data"] == {"userKey": "******** (another value)", "userID": "********"}
    assert yaml.safe_load(change.before)["data"] == {"userKey": "********", "userID": "********"}


def test_what_a_script_holds_is_masked():
    """Of a file the values themselves; of our own rendering those that are called secret."""
    assert Secret("s3cr3t-value") in plan([secret()], NAMESPACE).script.secrets
    ours = secret(rendered=True, secrets=(Secret("s3cr3t-value"),))
    held = plan([ours], NAMESPACE).script.secrets
    assert Secret("s3cr3t-value") in held
    assert Secret("ops") not in held


def test_a_namespace_must_be_there_or_be_declared():
    """What lies in one that is only declared can't be rehearsed yet."""
    with pytest.raises(HostError, match="the namespace media does not exist; declare it"):
        plan([secret()])
    terminating = {**NAMESPACE, "status": {"phase": "Terminating"}}
    with pytest.raises(HostError, match="is being deleted"):
        plan([secret()], terminating)
    declared = [secret(), manifest("Namespace", "media")]
    assert plan(declared).rehearsal is None
    assert plan(declared, index=0).summary == "create Namespace/media"
    assert plan([secret()], NAMESPACE).rehearsal is not None


def test_an_object_without_a_namespace_lies_in_default():
    """Not in the one that somebody's kubeconfig has chosen."""
    claim = manifest("PersistentVolumeClaim", "data", spec={})
    default = {**NAMESPACE, "metadata": {"name": "default"}}
    change = plan([claim], default)
    assert change.summary == "create PersistentVolumeClaim/default/data"
    assert json.loads(change.script.arguments[0])["metadata"]["namespace"] == "default"


def test_all_objects_share_one_look_and_one_rehearsal():
    """Ten thousand of them too: their scripts are the same object, so they run once."""
    resources = objects([volume(f"pv{number}") for number in range(10_000)], Access())
    assert len({id(each.probe()) for each in resources}) == 1
    printed = json.dumps({"kind": "List", "items": [there(volume(f"pv{number}")) for number in range(9_999)]})
    observed = Observed(present=True, stdout=printed.encode())
    changes = [change for each in resources if (change := each.plan(observed, LINUX))]
    assert [change.summary for change in changes] == ["create PersistentVolume/pv9999"]


def test_few_are_asked_for_by_name_and_many_listed_but_never_secrets():
    """A list of all Secrets of a namespace would be read without need."""
    many = [volume(f"pv{number:03}") for number in range(30)]
    keys = [manifest("Secret", f"k{number:03}", "media") for number in range(30)]
    few = [
        manifest("StorageClass", "b", group="storage.k8s.io/v1"),
        manifest("StorageClass", "a", group="storage.k8s.io/v1"),
    ]
    arguments = list(look([*many, *keys, *few], Access()).arguments)
    triples = dict(zip(arguments[::3], arguments[2::3], strict=True))
    assert triples["persistentvolume"] == ""
    assert triples["secret"].split() == [f"k{number:03}" for number in range(30)]
    assert triples["storageclass.v1.storage.k8s.io"] == "a b"
    assert triples["namespace"] == "media"


@pytest.mark.parametrize("name", ["-A", "a b", "", "$(x)", "*"])
def test_no_name_can_become_an_option(name):
    """What no object can be called is refused before anything connects."""
    with pytest.raises(ValueError, match="no name of a Kubernetes object"):
        look([manifest("PersistentVolume", name)], Access())


def test_ownership_labels_are_added_to_those_declared():
    """Every object of ours carries whose it is."""
    (one,) = owned([volume()], "production")
    assert one.data["metadata"]["labels"] == ownership_labels("production")
    (two,) = owned([manifest("Namespace", "a", metadata={"labels": {"x": "y"}})], "production")
    assert two.data["metadata"]["labels"] == {"x": "y", **ownership_labels("production")}


def test_nobody_declares_our_labels_otherwise():
    """Else an object would be lost to pruning, or be another's."""
    stolen = manifest("Namespace", "a", metadata={"labels": {"app.kubernetes.io/managed-by": "helm"}})
    with pytest.raises(InputError, match=r"storage\.yml.*Namespace/a.*is mountwright's own"):
        owned([stolen], "production")


def declaration(folder, name):
    folder.mkdir()
    (folder / "hosts.yml").write_text("all: {hosts: {a: {}}}\n")
    (folder / "storage.yml").write_text(f'kubernetes: {{version: "1.33"{name}}}\n')
    return load_storage(folder / "storage.yml", load_inventory(folder))


def test_a_declaration_may_have_a_name_of_its_own(tmp_path):
    """Two projects whose folders are called alike don't take each other's objects for leftovers."""
    assert inventory_label(declaration(tmp_path / "prod", ", name: storage-prod")) == "storage-prod"


@pytest.mark.parametrize(
    ("folder", "label"),
    [
        ("production", "production"),
        ("Site_1.a", "Site_1.a"),
        ("über uns", "ber-uns-"),
        ("-", ""),
        ("x" * 80, "x" * 50 + "-"),
    ],
)
def test_an_inventorys_name_is_its_folders(tmp_path, folder, label):
    """As a label can hold it; where it can't, a part of its hash keeps two from becoming one."""
    made = inventory_label(declaration(tmp_path / folder, ""))
    assert made.startswith(label)
    assert len(made) <= 63
    assert made[0].isalnum()
    assert made[-1].isalnum()
