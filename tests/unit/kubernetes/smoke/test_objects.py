"""The consumers as objects: what the strictest Pod Security Standard asks for, where pods go, whose they are."""

from __future__ import annotations

import pytest
import yaml

from mountwright.kubernetes.smoke.objects import (
    RUN_LABEL,
    Run,
    Trial,
    namespace_text,
    step_text,
    storage_text,
    stream,
)
from mountwright.kubernetes.smoke.target import Claim, Consumer, Target, export_target, node_target
from mountwright.spec.smoke import Smoke

SHARED = Claim("nfs", "ReadWriteMany", "1Gi", volume="pv0001")
SINGLE = Claim("fast", "ReadWriteOnce", "1Gi")
CLAIMING = [Consumer.POD, Consumer.DEPLOYMENT, Consumer.STATEFULSET]
TARGETS = [
    *(Target("volume pv0001", consumer, SHARED) for consumer in CLAIMING),
    export_target("10.0.0.10", "/srv/a"),
    node_target(Consumer.HOSTPATH, "/srv"),
    node_target(Consumer.EMPTYDIR),
]


def pod_spec(text):
    """The spec of the pod, or of the workload's pods."""
    spec = yaml.safe_load(text)["spec"]
    return spec["template"]["spec"] if "template" in spec else spec


def containers(spec):
    return [*spec.get("initContainers", ()), *spec["containers"]]


def trial(target, **settings):
    run = {name: settings.pop(name) for name in ("node", "given_namespace", "keep") if name in settings}
    return Trial(Run(Smoke(**settings), "abc", **run), target, 1)


def first(made):
    return step_text(made, made.target.steps[0])


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.consumer.value)
def test_pods_keep_to_the_restricted_standard(target):
    """What the standard asks of the pod holds for every consumer; only a volume's kind may need a wider one."""
    spec = pod_spec(first(trial(target)))
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] == 65534
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    for container in containers(spec):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        }


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.consumer.value)
def test_settings_arrive_in_every_pod(target):
    """Image, pull policy, user, node selector and tolerations are what storage.yml says."""
    settings = {
        "image": "registry.example.com/tools/busybox:1",
        "pull_policy": "Never",
        "user": 1000,
        "node_selector": {"disk": "yes"},
        "tolerations": [{"key": "dedicated", "value": "storage", "effect": "NoSchedule"}],
    }
    spec = pod_spec(first(trial(target, **settings)))
    assert {(each["image"], each["imagePullPolicy"]) for each in containers(spec)} == {
        ("registry.example.com/tools/busybox:1", "Never")
    }
    assert spec["securityContext"]["runAsUser"] == spec["securityContext"]["runAsGroup"] == 1000
    assert spec["nodeSelector"] == {"kubernetes.io/os": "linux", "disk": "yes"}
    assert spec["tolerations"] == [
        {"key": "dedicated", "operator": "Equal", "value": "storage", "effect": "NoSchedule"}
    ]


def test_root_is_a_wish_of_the_operator():
    """Then the pod does not say that it is none, and the namespace's standard allows it."""
    made = trial(TARGETS[0], user=0)
    assert "runAsNonRoot" not in pod_spec(first(made))["securityContext"]
    assert made.run.pod_security((made.target,)) == "baseline"


@pytest.mark.parametrize(
    ("consumers", "level"),
    [
        (CLAIMING, "restricted"),
        ([Consumer.EMPTYDIR], "restricted"),
        ([Consumer.POD, Consumer.INLINE], "baseline"),
        ([Consumer.INLINE, Consumer.HOSTPATH], "privileged"),
    ],
)
def test_the_namespace_is_as_strict_as_its_pods_allow(consumers, level):
    """The run's own namespace enforces it, which proves that the pods keep to it."""
    targets = tuple(Target("x", consumer) for consumer in consumers)
    labels = yaml.safe_load(namespace_text(Run(Smoke(), "abc"), targets))["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == level


def test_a_group_is_given_to_fresh_storage_only():
    """fsGroup makes the kubelet change the group of all files: that may not happen to a volume with data."""
    assert "fsGroup" not in pod_spec(first(trial(Target("x", Consumer.POD, SINGLE))))["securityContext"]
    fresh = pod_spec(first(trial(Target("x", Consumer.POD, SINGLE, fresh=True))))
    assert fresh["securityContext"]["fsGroup"] == 65534


def places(made, after="node1"):
    """Where the second step's pod must and would rather go, as operators and nodes."""
    affinity = pod_spec(step_text(made, "read", after=after)).get("affinity", {}).get("nodeAffinity", {})
    must = affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {}).get("nodeSelectorTerms", [])
    rather = [each["preference"] for each in affinity.get("preferredDuringSchedulingIgnoredDuringExecution", [])]
    return [
        [(field["operator"], field["values"]) for term in terms for field in term["matchFields"]]
        for terms in (must, rather)
    ]


def test_shared_storage_is_read_on_another_node():
    """If there is one; in a cluster of one node the same has to do."""
    assert places(trial(TARGETS[0])) == [[], [("NotIn", ["node1"])]]
    assert places(trial(export_target("10.0.0.10", "/srv/a"))) == [[], [("NotIn", ["node1"])]]


def test_storage_of_one_node_is_read_there():
    """A disk would have to be moved first; a node's own directory is nowhere else."""
    assert places(trial(Target("x", Consumer.POD, SINGLE))) == [[], [("In", ["node1"])]]
    assert places(trial(node_target(Consumer.HOSTPATH, "/srv"))) == [[("In", ["node1"])], []]


def test_a_node_can_be_demanded():
    """Then every pod goes there, and the scheduler places it, so that claims which wait for a pod are bound."""
    made = trial(TARGETS[0], node="node7")
    assert places(made) == [[("In", ["node7"])], []]
    assert "nodeName" not in pod_spec(first(made))


def test_the_claim_is_for_one_volume_or_for_a_class():
    """A class whose name is empty is said: else the default class would take the claim."""
    spec = yaml.safe_load(storage_text(trial(Target("x", Consumer.POD, Claim("", "ReadWriteOnce", "5Gi", "pv1")))))[
        "spec"
    ]
    assert spec == {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "",
        "volumeName": "pv1",
        "resources": {"requests": {"storage": "5Gi"}},
    }


def test_a_stateful_set_makes_the_claim_that_the_trial_looks_for():
    """The name is the template's, the set's and the ordinal's."""
    made = trial(Target("x", Consumer.STATEFULSET, SHARED))
    document = yaml.safe_load(first(made))
    (template,) = document["spec"]["volumeClaimTemplates"]
    assert made.claim == f"{template['metadata']['name']}-{document['metadata']['name']}-0"
    assert template["spec"]["volumeName"] == "pv0001"
    assert document["spec"]["serviceName"] == yaml.safe_load(storage_text(made))["metadata"]["name"]


def test_every_object_is_known_as_the_runs():
    """By its label, those too that a controller makes: what has it is deleted, and nothing else."""
    run = Run(Smoke(), "abc")
    for document in yaml.safe_load_all(stream(run, tuple(TARGETS))):
        assert document["metadata"]["labels"][RUN_LABEL] == "abc"
        spec = document.get("spec", {})
        for inner in (spec.get("template"), *spec.get("volumeClaimTemplates", ())):
            assert inner is None or inner["metadata"]["labels"][RUN_LABEL] == "abc"


def test_a_namespace_that_was_given_is_not_made():
    """It is somebody's: it is neither made nor deleted."""
    run = Run(Smoke(), "abc", given_namespace="team")
    documents = list(yaml.safe_load_all(stream(run, tuple(TARGETS))))
    assert {document["kind"] for document in documents}.isdisjoint({"Namespace"})
    assert {document["metadata"]["namespace"] for document in documents} == {"team"}


def test_names_of_other_trials_are_not_taken_for_ours():
    """The first trial's name is how the tenth's begins."""
    made = trial(TARGETS[0])
    assert all(made.owns(name) for name in ("smoke-abc-1", "smoke-abc-1-write", "smoke-abc-1-0", made.claim))
    assert made.owns("storage-smoke-abc-1-0")
    assert not any(made.owns(name) for name in ("smoke-abc-10", "smoke-abc-10-write", "web-0"))


def test_paths_and_names_arrive_as_they_are():
    """What could mean something else in YAML is still the same text."""
    path = "/srv/a: b #c 'd' \"e\" {{ f }}\n- g"
    assert pod_spec(first(trial(export_target("on", path))))["volumes"] == [
        {"name": "storage", "nfs": {"server": "on", "path": path}}
    ]
