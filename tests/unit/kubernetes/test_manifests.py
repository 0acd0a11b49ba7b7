"""Files of manifests: several documents, lists, lines."""

from __future__ import annotations

import pytest

from mountwright.errors import InputError
from mountwright.kubernetes.manifests import load_manifests

TWO = """\
# two volumes
apiVersion: v1
kind: PersistentVolume
metadata:
  name: pv1
spec:
  capacity: {storage: 1Gi}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata: {name: data, namespace: db}
- {apiVersion: v1, kind: Secret, metadata: {name: key}}
---
"""


def write(folder, **files):
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


def test_documents_and_lists_become_objects_with_their_lines(tmp_path):
    """Each object knows its own line in the file, also in the second document and inside a list."""
    loaded = load_manifests(write(tmp_path, a_yaml=TWO) / "a.yaml")
    assert [(each.object, each.line()) for each in loaded.require()] == [
        ("PersistentVolume/pv1", 2),
        ("PersistentVolumeClaim/db/data", 12),
        ("Secret/key", 15),
    ]
    assert loaded.manifests[0].line(("spec", "capacity", "storage")) == 7
    assert loaded.manifests[1].line(("metadata", "namespace")) == 14


def test_a_folder_is_read_in_the_order_of_names(tmp_path):
    """Below a folder every file of manifests counts; hidden ones, other ones and a Kustomization do not."""
    write(tmp_path, b_json='{"kind": "Secret", "metadata": {"name": "b"}}', readme_md="#", _git_yaml="kind: X")
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", c_yml="kind: Secret\nmetadata: {name: c}\n")
    write(tmp_path, a_yaml="apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")
    assert [each.name for each in load_manifests(tmp_path).require()] == ["b", "c"]


def test_what_cannot_be_read_hides_nothing_else(tmp_path):
    """A bad file and a document that is no object are problems with file and line; the others are still there."""
    write(tmp_path, a_yaml="kind: [\n", b_yaml="kind: Secret\nmetadata: {name: b}\n---\nversion: 3\n")
    loaded = load_manifests(tmp_path)
    assert [each.name for each in loaded.manifests] == ["b"]
    assert [(problem.source.rpartition("/")[2], problem.line) for problem in loaded.problems] == [
        ("a.yaml", 1),
        ("b.yaml", 4),
    ]
    with pytest.raises(InputError, match="is no Kubernetes object"):
        loaded.require()


def test_nothing_there_is_an_error(tmp_path):
    """A path that does not exist and a folder without manifests are bad input."""
    with pytest.raises(InputError, match="does not exist"):
        load_manifests(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds no manifests"):
        load_manifests(tmp_path)


def test_a_kustomization_needs_no_kind(tmp_path):
    """kustomize knows its file by the name, and lets it leave out kind and apiVersion."""
    write(tmp_path, kustomization_yaml="resources:\n- b.yaml\n", b_yaml="kind: Secret\nmetadata: {name: b}\n")
    assert [each.name for each in load_manifests(tmp_path).require()] == ["b"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("kind: Secret\nmetadata:\n  name: {{ .Release.Name }}-key\n", 3),
        ('{{- if .Values.x }}\nkind: Secret\nmetadata: {name: {{ include "x" . }}}\n{{ end }}', 1),
    ],
)
def test_a_template_of_helm_is_called_one(tmp_path, text, line):
    """What is no YAML because it is Helm's template is said to be one, with what to do instead."""
    (problem,) = load_manifests(write(tmp_path, a_yaml=text)).problems
    assert str(problem) == (
        f"{tmp_path}/a.yaml:{line}: is a template of a Helm chart; "
        "look at what comes out: helm template CHART > manifests.yaml"
    )


def test_items_take_their_kind_from_their_list(tmp_path):
    """Answers of the API say the kind of the items in the list alone; a list without items has no objects."""
    write(tmp_path, a_yaml="apiVersion: v1\nkind: SecretList\nitems:\n- metadata: {name: b}\n- metadata: {name: c}\n")
    write(tmp_path, b_yaml="apiVersion: v1\nkind: List\n")
    assert [(each.api_version, each.object, each.line()) for each in load_manifests(tmp_path).require()] == [
        ("v1", "Secret/b", 4),
        ("v1", "Secret/c", 5),
    ]
