"""The linter as a whole: settings, versions, files that can't be read, hostile objects, thousands of objects."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mountwright.errors import InputError
from mountwright.kubernetes.lint.linter import Settings, lint, rule_ids
from mountwright.kubernetes.lint.reference import page
from mountwright.kubernetes.lint.rules import RULES
from mountwright.kubernetes.lint.versions import minor_version, newest, schema_folders
from mountwright.kubernetes.manifests import Manifest, load_manifests
from mountwright.yaml_lines import Document, parse_all

ROOT = Path(__file__).resolve().parents[4]

VOLUME = """\
apiVersion: v1
kind: PersistentVolume
metadata: {name: NAME}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  SOURCE
"""


def manifests(text, source="manifest.yaml"):
    return [Manifest(document.value, document) for document in parse_all(text, source)]


def found(text, **given_settings):
    return {(finding.line, finding.rule) for finding in lint(manifests(text), Settings(**given_settings))}


def volume(name, source):
    return VOLUME.replace("NAME", name).replace("SOURCE", source)


def test_the_page_of_rules_is_up_to_date():
    """docs/lint-rules.md is made from the rules: ``python -m mountwright.kubernetes.lint.reference``."""
    assert (ROOT / "docs" / "lint-rules.md").read_text() == page()


@pytest.mark.parametrize("name", RULES)
def test_a_rule_says_what_and_what_to_do(name):
    """An id is kebab-case, the fault a sentence, and there is always a remedy."""
    rule = RULES[name]
    assert name == name.lower().replace("_", "-").replace(" ", "-")
    assert rule.says.endswith(".")
    assert rule.remedy


@pytest.mark.parametrize("minor", range(25, 38))
def test_every_version_is_known(minor):
    """Schemas of 1.25 to 1.37 are there, and a plain volume is good in each."""
    assert minor in schema_folders()
    assert found(volume("pv1", "nfs: {server: a, path: /b}"), minor=minor) == set()


@pytest.mark.parametrize(
    ("minor", "rules"),
    [(25, set()), (27, set()), (28, {"deprecated-plugin"}), (30, {"deprecated-plugin"}), (31, {"removed-plugin"}),
     (37, {"removed-plugin"})],
)  # fmt: skip
@pytest.mark.parametrize("source", ["rbd: {monitors: [a], image: b}", "cephfs: {monitors: [a]}"])
def test_ceph_in_the_tree_ages_with_the_version(minor, rules, source):
    """rbd and cephfs are good before 1.28, deprecated to 1.30, and no longer work from 1.31."""
    assert {rule for _, rule in found(volume("pv1", source), minor=minor)} == rules


def test_a_field_that_comes_later_is_named_with_its_version():
    """Where a later version has the field, the message says which, instead of guessing a misspelling."""
    text = volume("pv1", "volumeAttributesClassName: fast\n  nfs: {server: a, path: /b}")
    assert found(text, minor=28) == {(7, "unknown-field")}
    assert found(text, minor=29) == set()
    message = lint(manifests(text), Settings(28))[0].message
    assert message == "there is no field 'volumeAttributesClassName' in spec before Kubernetes 1.29"


def test_a_group_that_only_ends_alike_is_not_kubernetes_own():
    """``storage.example.com`` is not ``storage.k8s.io``: its StorageClass is somebody else's kind."""
    text = "apiVersion: storage.example.com/v1\nkind: StorageClass\nmetadata: {name: a}\nanything: 1\n"
    assert found(text) == {(2, "unknown-kind")}


def test_rules_can_be_switched_off():
    """What a rule that is left out would find is not reported; the others are."""
    text = volume("PV1", "nfs: {server: a, path: b}")
    assert found(text) == {(3, "bad-name"), (7, "bad-path")}
    assert found(text, disabled=rule_ids("bad-name, ")) == {(7, "bad-path")}


def test_a_rule_that_does_not_exist_can_not_be_switched_off():
    """A misspelt id is an error that names the nearest."""
    with pytest.raises(InputError, match="'bad-nmae' is no rule; did you mean bad-name"):
        rule_ids("bad-path,bad-nmae")


@pytest.mark.parametrize("text", ["1.33", "v1.33", "1.33.4", "v1.33.0"])
def test_versions_are_read_as_people_write_them(text):
    """With or without v and patch level."""
    assert minor_version(text) == 33


@pytest.mark.parametrize("text", ["1.24", "1.99", "2.0", "33", "", "1.33-eks", "../1.33", "1.033"])
def test_a_version_that_can_not_be_checked_is_refused(text):
    """The error names the versions that can be."""
    with pytest.raises(InputError, match=f"expected one from 1.25 to 1.{newest()}"):
        minor_version(text)


def test_a_file_that_can_not_be_read_hides_no_other(tmp_path):
    """A broken file is a finding with its line; the files beside it are linted all the same."""
    (tmp_path / "a.yaml").write_text("kind: [\n\tx\n")
    (tmp_path / "b.yaml").write_bytes(b"kind: caf\xe9\n")
    (tmp_path / "c.yaml").write_text(volume("PV", "nfs: {server: a, path: /b}"))
    (tmp_path / "d.yaml").write_text("just text\n---\n- a list\n---\nreplicas: 3\n")
    loaded = load_manifests(tmp_path)
    findings = lint(loaded.manifests, Settings(), loaded.problems)
    assert [(Path(finding.file).name, finding.line, finding.rule) for finding in findings] == [
        ("a.yaml", 2, "unreadable"),
        ("b.yaml", 1, "unreadable"),
        ("c.yaml", 3, "bad-name"),
        ("d.yaml", 1, "unreadable"),
        ("d.yaml", 3, "unreadable"),
        ("d.yaml", 5, "unreadable"),
    ]


def test_anchors_and_merge_keys_have_the_line_of_what_they_repeat():
    """A fault in an anchored part is found where the part is written."""
    text = """\
apiVersion: v1
kind: ConfigMap
metadata: &meta
  name: one
  lables: {}
---
apiVersion: v1
kind: ConfigMap
metadata:
  <<: {name: two, lables: {}}
"""
    assert found(text) == {(5, "unknown-field"), (10, "unknown-field")}


def test_no_value_of_a_secret_is_ever_shown():
    """Whatever is wrong with a Secret, its values are in no finding."""
    text = """\
apiVersion: v1
kind: Secret
metadata: {name: a}
data: {key: 1234567, other: "hunter2 !", user: aHVudGVyMg==}
stringData: {userID: "client.hunter2 ", userKey: hunter2, adminKey: 7654321}
"""
    findings = lint(manifests(text), Settings())
    assert {finding.rule for finding in findings} >= {"wrong-type", "secret-base64", "ceph-key"}
    for value in ("hunter2", "aHVudGVyMg", "1234567", "7654321"):
        assert value not in repr(findings)


def test_deep_nesting_is_a_finding():
    """What the validator can't follow is said, not thrown."""
    for levels in (200, 400, 5000):
        deep = "bottom"
        for _ in range(levels):
            deep = [deep]
        value = manifests(volume("pv1", "nfs: {server: a, path: /b}"))[0].data
        value["spec"]["nfs"]["path"] = deep
        findings = lint([Manifest(value, Document("deep.yaml", value))], Settings())
        assert [finding.rule for finding in findings] == ["wrong-type"]


_KINDS = [
    ("v1", "PersistentVolume"), ("v1", "PersistentVolumeClaim"), ("v1", "Secret"), ("v1", "ConfigMap"),
    ("v1", "Pod"), ("v1", "Namespace"), ("storage.k8s.io/v1", "StorageClass"), ("apps/v1", "StatefulSet"),
    ("apps/v1", "Deployment"), ("batch/v1", "CronJob"), ("storage.k8s.io/v1beta1", "StorageClass"), ("x/y", "Z"),
]  # fmt: skip
_WORDS = [
    "metadata", "name", "namespace", "labels", "annotations", "spec", "capacity", "storage", "accessModes", "nfs",
    "path", "server", "csi", "driver", "volumeHandle", "volumeAttributes", "claimRef", "nodeAffinity", "required",
    "nodeSelectorTerms", "matchExpressions", "matchFields", "key", "operator", "values", "hostPath", "local", "rbd",
    "secretRef", "storageClassName", "volumeName", "selector", "resources", "requests", "parameters", "provisioner",
    "volumeBindingMode", "clusterID", "adminSecretName", "template", "containers", "volumes", "volumeMounts",
    "volumeClaimTemplates", "ephemeral", "volumeClaimTemplate", "persistentVolumeClaim", "claimName", "data",
    "stringData", "type", "config.json", "ceph-csi-config", "userID", "userKey", "mountOptions", "volumeMode",
    "jobTemplate", "fc", "targetWWNs", "cephfs", "monitors", "iscsi", "lun", "share", "nfs.csi.k8s.io",
    "rbd.csi.ceph.com", "kubernetes.io/rbd", "csi.storage.k8s.io/provisioner-secret-name", "Block", "Recycle",
    "ReadWriteMany", "ReadWriteOncePod", "1Gi", "true", "kubernetes.io/hostname", "In", "[{}]", "flexVolume",
]  # fmt: skip
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(_WORDS), st.text(max_size=6)
)
_KEYS = st.one_of(st.sampled_from(_WORDS), st.sampled_from(_WORDS), st.text(max_size=3), st.integers(), st.booleans())
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=5)),
    max_leaves=25,
)
_OBJECTS = st.builds(
    lambda kind, body: {**body, "apiVersion": kind[0], "kind": kind[1]},
    st.sampled_from(_KINDS),
    st.dictionaries(_KEYS, _VALUES, max_size=6),
)
_ROOMY = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("metadata", "spec", "data", "stringData", "parameters", "provisioner", "type"), _VALUES),
)
_LIKELY = st.builds(
    lambda kind, body: {**body, "apiVersion": kind[0], "kind": kind[1]}, st.sampled_from(_KINDS), _ROOMY
)


@given(st.lists(st.one_of(_OBJECTS, _LIKELY), max_size=4))
@settings(max_examples=300, deadline=None)
def test_no_object_is_too_strange(objects):
    """Whatever stands where, the linter gives findings with a line and a known rule, and never fails."""
    document = Document("strange.yaml", objects)
    findings = lint([Manifest(value, document, (index,)) for index, value in enumerate(objects)], Settings(33))
    assert all(finding.rule in RULES and finding.line >= 1 and finding.message for finding in findings)


def test_ten_thousand_volumes_take_moments():
    """Linting is linear: 10,000 volumes are far from the ten seconds that rendering and linting may take together."""
    objects = [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"pv{number:05}", "labels": {"pool": "a"}},
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteMany"],
                "storageClassName": "nfs",
                "nfs": {"server": "nfs1", "path": f"/srv/{number:05}"},
            },
        }
        for number in range(10_000)
    ]
    document = Document("volumes.yaml", objects)
    begun = time.process_time()
    assert lint([Manifest(value, document, (index,)) for index, value in enumerate(objects)], Settings(33)) == []
    assert time.process_time() - begun < 5


def test_thousands_of_faults_take_moments_too():
    """What leads nowhere is not looked for among everything, again and again."""
    objects = []
    for number in range(1500):
        reference = {"name": f"x{number}", "namespace": "default"}
        source = {"driver": "a.b", "volumeHandle": f"{number}", "nodeStageSecretRef": reference}
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        volume = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "storageClassName": f"v{number}"}
        claim = {**spec, "storageClassName": f"c{number}", "volumeName": f"p{number}"}
        objects += [
            {"apiVersion": "v1", "kind": kind, "metadata": {"name": f"{kind.lower()}-{number}"}, **rest}
            for kind, rest in [
                ("PersistentVolume", {"spec": {**volume, "csi": source}}),
                ("PersistentVolumeClaim", {"spec": claim}),
                ("Secret", {}),
                ("Pod", {"spec": {"volumes": [{"name": "a", "persistentVolumeClaim": {"claimName": f"q{number}"}}]}}),
            ]
        ]
    document = Document("many.yaml", objects)
    begun = time.process_time()
    findings = lint([Manifest(value, document, (index,)) for index, value in enumerate(objects)], Settings(33))
    assert len(findings) > 4 * 1500
    assert time.process_time() - begun < 5


@pytest.mark.parametrize("number", [".inf", ".nan", "-.inf"])
def test_a_fault_is_said_once(number):
    """A size that is no number of bytes breaks the schema and the sense; one finding is enough."""
    text = volume("pv", "nfs: {server: a, path: /b}").replace("1Gi", number)
    assert [finding.rule for finding in lint(manifests(text), Settings())] == ["bad-quantity"]
