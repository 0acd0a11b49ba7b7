"""What is declared no longer: read, and judged by who uses it."""

from __future__ import annotations

import json

import pytest

from mountwright.errors import ProbeError
from mountwright.kubernetes.kubectl import Access
from mountwright.kubernetes.leftovers import Leftover, Pod, Surroundings, judge, read_surroundings, secret_references
from mountwright.kubernetes.pruning import Leftovers
from mountwright.resources.base import Change, Observed, OperatingSystem, Remark

LINUX = OperatingSystem("debian")
CLAIM = Leftover("PersistentVolumeClaim", "media", "films")
VOLUME = Leftover("PersistentVolume", "", "pv1")
CLASS = Leftover("StorageClass", "", "files")
SECRET = Leftover("Secret", "media", "key")
NAMESPACE = Leftover("Namespace", "", "media")


def volume(name="pv1", phase="Bound", policy="Retain", claim=("media", "films"), **spec):
    reference = {"claimRef": {"namespace": claim[0], "name": claim[1]}} if claim else {}
    return {
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {"persistentVolumeReclaimPolicy": policy, "storageClassName": "files", **reference, **spec},
        "status": {"phase": phase},
    }


def claim(name="films", namespace="media"):
    return {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"volumeName": "pv1", "storageClassName": "files"},
    }


def around(*leftovers, volumes=(), claims=(), classes=(), pods=(), contents=None):
    return Surroundings(
        tuple(sorted(leftovers)),
        {each["metadata"]["name"]: each for each in volumes},
        {(each["metadata"]["namespace"], each["metadata"]["name"]): each for each in claims},
        {each["metadata"]["name"]: each for each in classes},
        tuple(pods),
        contents or {},
    )


def pod(name="user", claims=(), secrets=(), config_maps=()):
    return Pod("media", name, frozenset(claims), frozenset(secrets), frozenset(config_maps))


def kept(surroundings):
    return dict(judge(surroundings).kept)


def test_what_hangs_together_goes_together_in_order():
    """A claim before the volume that it is bound to, their class after both, the namespace at last."""
    verdict = judge(
        around(
            *(NAMESPACE, CLASS, SECRET, VOLUME, CLAIM),
            volumes=[volume()],
            claims=[claim()],
            contents={"media": ("persistentvolumeclaim/films", "secret/key", "serviceaccount/default")},
        )
    )
    assert verdict.removable == (CLAIM, VOLUME, CLASS, SECRET, NAMESPACE)
    assert verdict.kept == ()


def test_one_user_keeps_all_that_depends_on_it():
    """A pod keeps the claim, the claim the volume and the class, and all of them the namespace."""
    found = kept(
        around(
            *(NAMESPACE, CLASS, SECRET, VOLUME, CLAIM),
            volumes=[volume()],
            claims=[claim()],
            pods=[pod(claims=["films"])],
            contents={"media": ("persistentvolumeclaim/films", "secret/key", "pod/user")},
        )
    )
    assert found == {
        CLAIM: "the pod media/user uses it",
        VOLUME: "it is bound to media/films",
        CLASS: "the claim media/films is of this class",
        NAMESPACE: found[NAMESPACE],
    }
    assert found[NAMESPACE].startswith("it is not empty")


def test_what_would_take_data_along_is_kept():
    """A claim whose volume is deleted with it, and a volume whose policy is not Retain, bound or not."""
    found = kept(around(CLAIM, VOLUME, volumes=[volume(policy="Delete")], claims=[claim()]))
    assert "the data would go with the claim" in found[CLAIM]
    assert found.keys() == {CLAIM, VOLUME}
    released = around(VOLUME, volumes=[volume(phase="Released", policy="Delete")])
    assert "set Retain first" in kept(released)[VOLUME]
    assert judge(around(VOLUME, volumes=[volume(phase="Released")])).removable == (VOLUME,)


def test_a_claim_that_is_still_declared_keeps_its_volume():
    """Only claims that go themselves don't count."""
    assert kept(around(VOLUME, volumes=[volume()], claims=[claim()])) == {VOLUME: "it is bound to media/films"}


def test_a_class_is_kept_by_claims_and_volumes_of_it():
    """Also by one that names it in the old annotation."""
    beta = claim()
    beta["spec"]["storageClassName"] = None
    beta["metadata"]["annotations"] = {"volume.beta.kubernetes.io/storage-class": "files"}
    assert kept(around(CLASS, claims=[beta])) == {CLASS: "the claim media/films is of this class"}
    assert kept(around(CLASS, volumes=[volume()])) == {CLASS: "the volume pv1 is of this class"}


def test_a_secret_is_kept_by_volumes_classes_and_pods():
    """Wherever its name and namespace stand; a template in the namespace may mean any."""
    csi = volume(csi={"driver": "d", "nodeStageSecretRef": {"name": "key", "namespace": "media"}})
    other = volume(csi={"driver": "d", "nodeStageSecretRef": {"name": "key", "namespace": "elsewhere"}})
    of_class = {
        "kind": "StorageClass",
        "metadata": {"name": "rbd"},
        "parameters": {
            "csi.storage.k8s.io/provisioner-secret-name": "key",
            "csi.storage.k8s.io/provisioner-secret-namespace": "${pvc.namespace}",
        },
    }
    assert kept(around(SECRET, volumes=[csi])) == {SECRET: "the volume pv1 refers to it"}
    assert kept(around(SECRET, volumes=[other])) == {}
    assert kept(around(SECRET, classes=[of_class])) == {SECRET: "the class rbd refers to it"}
    assert kept(around(SECRET, pods=[pod(secrets=["key"])])) == {SECRET: "the pod media/user uses it"}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"spec": {"rbd": {"secretRef": {"name": "a"}}}}, ("", "a")),
        ({"spec": {"csi": {"controllerExpandSecretRef": {"name": "a", "namespace": "n"}}}}, ("n", "a")),
        ({"spec": {"azureFile": {"secretName": "a", "secretNamespace": "n"}}}, ("n", "a")),
        ({"kind": "StorageClass", "parameters": {"adminSecretName": "a", "adminSecretNamespace": "n"}}, ("n", "a")),
        (
            {
                "kind": "StorageClass",
                "parameters": {
                    "csi.storage.k8s.io/node-stage-secret-name": "a",
                    "csi.storage.k8s.io/node-stage-secret-namespace": "n",
                },
            },
            ("n", "a"),
        ),
    ],
)
def test_references_to_secrets(data, expected):
    """In volumes of any source and in the parameters of classes."""
    assert list(secret_references(data)) == [expected]


def test_kubernetes_own_namespaces_never_go():
    """Whoever has put our labels on them."""
    default = Leftover("Namespace", "", "default")
    assert kept(around(default, contents={"default": ()})) == {default: "it is one of Kubernetes' own"}


def test_a_namespace_that_could_not_be_looked_into_stays():
    """What is not known is not taken for empty."""
    assert kept(around(NAMESPACE)) == {NAMESPACE: "what is in it could not be listed"}
    assert kept(around(NAMESPACE, contents={"media": None})) == {NAMESPACE: "what is in it could not be listed"}
    standard = ("serviceaccount/default", "configmap/kube-root-ca.crt", "secret/default-token-abcde", "event/x")
    assert kept(around(NAMESPACE, contents={"media": standard})) == {}


OUTPUT = f"""\
## left
PersistentVolume//pv1
Namespace//media
## volumes
{json.dumps({"kind": "List", "items": [volume(phase="Released")]}, indent=4)}
## claims
{{"items": []}}
## classes
{{"items": []}}
## pods
media\tuser\tfilms data\tkey  other\tsettings
media\tplain\t\t\t
## namespace media
serviceaccount/default
?
"""


def test_what_the_probe_prints_is_read():
    """Section by section; a question mark says that a list is not complete."""
    read = read_surroundings(OUTPUT)
    assert read.leftovers == (NAMESPACE, VOLUME)
    assert read.volumes["pv1"]["status"]["phase"] == "Released"
    assert read.pods[0] == pod(claims=["films", "data"], secrets=["key", "other"], config_maps=["settings"])
    assert read.pods[1] == pod("plain")
    assert read.contents == {"media": None}
    with pytest.raises(ProbeError, match="no JSON"):
        read_surroundings("## left\nPersistentVolume//pv1\n## volumes\n{\n## pods\n")


def plan(*, prune, output=OUTPUT):
    resource = Leftovers("production", (), Access(), prune=prune)
    return resource.plan(Observed(present=True, stdout=output.encode()), LINUX)


def test_nothing_left_over_is_nothing_to_say():
    """The probe prints nothing then."""
    assert plan(prune=True, output="") is None
    assert plan(prune=False, output="") is None


def test_leftovers_are_a_remark_until_pruning_is_asked_for():
    """With what pruning would do about each."""
    said = plan(prune=False)
    assert isinstance(said, Remark)
    assert said.lines == (
        "PersistentVolume/pv1 is no longer declared; k8s.apply --prune would remove it",
        "Namespace/media is no longer declared; k8s.apply --prune would keep it: what is in it could not be listed",
    )


def test_pruning_is_one_change_that_tells_what_goes_and_what_stays():
    """Each deletion asks for our labels again, so that what lost them meanwhile stays."""
    change = plan(prune=True)
    assert isinstance(change, Change)
    assert change.summary == "remove what is no longer declared: PersistentVolume/pv1"
    assert (change.before, change.after) == ("PersistentVolume/pv1\n", "")
    assert change.notes == (
        "PersistentVolume/pv1: only the object goes, the data stays where it is",
        "Namespace/media is no longer declared, but kept: what is in it could not be listed",
    )
    assert change.script.arguments == ["persistentvolumes", "default", "pv1"]
    assert change.script.values["selector"] == (
        "app.kubernetes.io/managed-by=mountwright,mountwright/inventory=production"
    )
