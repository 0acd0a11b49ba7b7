"""What is read out of manifests, and what is wrong with them: file, line, key, and what was expected."""

from __future__ import annotations

import json

import pytest

from mountwright.errors import InputError
from mountwright.kubernetes.binding.objects import ClaimRef
from tests.unit.kubernetes.binding.manifests import claim, claim_spec, storage_class, volume


def problems(objects_of, text):
    with pytest.raises(InputError) as caught:
        objects_of(text)
    return [(each.line, each.key, each.message) for each in caught.value.problems]


VOLUME = """\
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv1}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
"""


def test_defaults_are_those_of_the_api(objects_of):
    """Namespace default, volumeMode Filesystem, no class, binding Immediate; numbers are sizes in bytes."""
    plain = storage_class("nfs").replace('"volumeBindingMode": "Immediate"', '"volumeBindingMode": null')
    found = objects_of(volume("pv1", "1Gi", status={}), claim(size=1024), plain)
    (one,), (asking,), (a_class,) = found.volumes, found.claims, found.classes
    assert (one.capacity, one.volume_mode, one.storage_class, one.claim_ref) == (1 << 30, "Filesystem", "", None)
    assert (asking.key, asking.request, asking.storage_class, asking.selector) == ("default/data", 1024, None, None)
    assert (a_class.waits, a_class.provisions) == (False, False)


def test_other_kinds_are_passed_over(objects_of):
    """Folders of manifests hold much else."""
    found = objects_of("kind: Deployment\nmetadata: {name: x}\nspec: 3\n", volume("pv1"))
    assert [each.name for each in found.volumes] == ["pv1"]


def test_a_list_as_kubectl_prints_it(objects_of):
    """`kubectl get pv,pvc -A -o json` is good input, with all that the cluster has added."""
    items = [json.loads(volume("pv1", claimRef={"namespace": "a", "name": "b", "uid": "1"})), json.loads(claim())]
    items[0]["status"] = {"phase": "Bound"}
    found = objects_of(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    assert (found.volumes[0].claim_ref, found.volumes[0].phase) == (ClaimRef("a", "b", "1"), "Bound")
    assert [each.key for each in found.claims] == ["default/data"]


def test_the_first_of_two_with_one_name_counts(objects_of):
    """The API server would take the second as a change of the first, which claims don't allow."""
    found = objects_of(volume("pv1", "1Gi"), volume("pv1", "2Gi"), claim())
    assert [each.size for each in found.volumes] == ["1Gi"]
    (warning,) = found.warnings
    assert "all.yaml:3: PersistentVolume/pv1 is there twice; the first counts" in warning


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("{name: pv1}", "{}", (3, "metadata.name", "PersistentVolume/?: is missing")),
        ("{storage: 1Gi}", "{}", (5, "spec.capacity.storage", "is missing; expected a size like 10Gi")),
        ("1Gi", "1GB", (5, "spec.capacity.storage", "'1GB' is no Kubernetes quantity; expected a size like 10Gi")),
        ("1Gi", "[1]", (5, "spec.capacity.storage", "is a list, not a size like 10Gi")),
        ("1Gi", "-1", (5, "spec.capacity.storage", "'-1' is no Kubernetes quantity; expected a size like 10Gi")),
        ("[ReadWriteOnce]", "RWO", (6, "spec.accessModes", "is text; expected a list with one or more of")),
        ("[ReadWriteOnce]", "[]", (6, "spec.accessModes", "is a list; expected a list with one or more of")),
        ("[ReadWriteOnce]", "[RWO]", (6, "spec.accessModes[0]", "'RWO' is no access mode; expected one of Read")),
        ("{name: pv1}", "{name: 1}", (3, "metadata.name", "is a number, not text: put it in quotes")),
        ("{name: pv1}", "{name: pv1, labels: {a: 1}}", (3, "metadata.labels.a", "is a number, not text")),
        ("{name: pv1}", "{name: pv1, labels: [a]}", (3, "metadata.labels", "is a list, not a mapping")),
        (
            "  capacity",
            "  volumeMode: File\n  capacity",
            (5, "spec.volumeMode", "'File' is not known; expected File"),
        ),
        ("  capacity", "  claimRef: 3\n  capacity", (5, "spec.claimRef", "is a number, not a mapping")),
    ],
)
def test_faults_of_a_volume(objects_of, before, after, expected):
    """Each with its line, its key and what was expected."""
    line, key, message = expected
    found = problems(objects_of, VOLUME.replace(before, after))
    assert any((each[0], each[1]) == (line, key) and message in each[2] for each in found), found


@pytest.mark.parametrize(
    ("selector", "key", "message"),
    [
        ("3", "spec.selector", "is a number, not a mapping"),
        ("{matchLabels: {a: true}}", "spec.selector.matchLabels.a", "is true or false, not text"),
        ("{matchExpressions: 3}", "spec.selector.matchExpressions", "is a number, not a list"),
        ("{matchExpressions: [a]}", "spec.selector.matchExpressions[0]", "is no requirement"),
        (
            "{matchExpressions: [{key: a, operator: Is}]}",
            "spec.selector.matchExpressions[0].operator",
            "'Is' is not known; expected one of In, NotIn, Exists, DoesNotExist",
        ),
        ("{matchExpressions: [{key: a, operator: In}]}", "spec.selector.matchExpressions[0].values", "needs values"),
        (
            "{matchExpressions: [{key: a, operator: Exists, values: [b]}]}",
            "spec.selector.matchExpressions[0].values",
            "Exists takes no values",
        ),
        (
            "{matchExpressions: [{key: a, operator: In, values: [1]}]}",
            "spec.selector.matchExpressions[0].values",
            "is no list of texts",
        ),
    ],
)
def test_faults_of_a_selector(objects_of, selector, key, message):
    """What the API server would refuse is not guessed at."""
    text = (
        "kind: PersistentVolumeClaim\nmetadata: {name: data}\nspec:\n  accessModes: [ReadWriteOnce]\n"
        f"  resources: {{requests: {{storage: 1Gi}}}}\n  selector: {selector}\n"
    )
    found = problems(objects_of, text)
    assert any(each[:2] == (6, key) and message in each[2] for each in found), found


def test_all_faults_are_found_at_once(objects_of):
    """Also those of different objects."""
    found = problems(objects_of, VOLUME.replace("1Gi", "x") + "---\n" + VOLUME.replace("ReadWriteOnce", "y"))
    assert [each[:2] for each in found] == [(5, "spec.capacity.storage"), (13, "spec.accessModes[0]")]


def stateful(**spec):
    return json.dumps({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web"}, "spec": spec})


def test_a_stateful_set_has_one_pod_by_default(objects_of):
    """And none with replicas 0; without templates there are no claims."""
    template = [{"metadata": {"name": "www"}, "spec": claim_spec()}]
    names = [
        [each.name for each in objects_of(stateful(**spec)).claims]
        for spec in ({"volumeClaimTemplates": template}, {"volumeClaimTemplates": template, "replicas": 0}, {})
    ]
    assert names == [["www-web-0"], [], []]


@pytest.mark.parametrize(
    ("spec", "key"),
    [
        ({"volumeClaimTemplates": 3}, "spec.volumeClaimTemplates"),
        ({"volumeClaimTemplates": [3]}, "spec.volumeClaimTemplates[0]"),
        ({"volumeClaimTemplates": [{"metadata": {"name": "a"}}]}, "spec.volumeClaimTemplates[0].spec.accessModes"),
        ({"volumeClaimTemplates": [{"spec": claim_spec()}]}, "spec.volumeClaimTemplates[0].metadata.name"),
        ({"volumeClaimTemplates": [{}], "replicas": "3"}, "spec.replicas"),
        ({"volumeClaimTemplates": [{}], "replicas": -1}, "spec.replicas"),
        ({"volumeClaimTemplates": [{}], "replicas": 10**9}, "spec.replicas"),
    ],
)
def test_faults_of_a_stateful_set(objects_of, spec, key):
    """Found in the template, at its place in the file; a number of pods beyond reason is not expanded."""
    assert key in [each[1] for each in problems(objects_of, stateful(**spec))]
