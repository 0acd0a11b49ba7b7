"""A storage.yml that has everything, and the files that it is rendered as.

`everything/` is the inventory; `expected/` is what `k8s.render --secrets --out` writes, `compose.yaml` what
`k8s.render --as-compose` prints. After a deliberate change they are written anew with these two commands.
"""

import functools
import json
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import referencing
import yaml

from mountwright.inventory import load_inventory
from mountwright.kubernetes.compose import render_compose
from mountwright.kubernetes.folder import write_folder
from mountwright.kubernetes.lint.linter import Settings, lint
from mountwright.kubernetes.rendering import render_objects
from mountwright.spec import load_storage
from mountwright.spec.sources import HostPathSource, Source
from mountwright.spec.traits import ACCESS_MODES

HERE = Path(__file__).parent
SCHEMAS = Path(kubernetes_validate.__file__).parent / "kubernetes-json-schema"
VERSIONS = [f"1.{minor}" for minor in range(25, 38)]


@pytest.fixture(scope="module")
def spec():
    inventory = load_inventory(HERE / "everything")
    return load_storage(inventory.storage_file, inventory)


@pytest.fixture(scope="module")
def manifests(spec):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOUNTWRIGHT_TEST_CHAP", 'correct horse: "battery"')
        return render_objects(spec)


@functools.cache
def registry(version):
    definitions = json.loads((SCHEMAS / f"v{version}.0-local-strict" / "_definitions.json").read_text())
    return referencing.Resource.from_contents(definitions) @ referencing.Registry()


@functools.cache
def validator(version, kind, api):
    folder = SCHEMAS / f"v{version}.0-local-strict"
    schema = json.loads((folder / f"{kind.lower()}-{api}.json").read_text())
    return jsonschema.Draft202012Validator(schema, registry=registry(version))


def faults(manifest, version):
    api = manifest.api_version.replace(".k8s.io", "").replace("/", "-")
    errors = validator(version, manifest.kind, api).iter_errors(manifest.data)
    return [f"{manifest.object}: {error.json_path}: {error.message}" for error in errors]


def test_the_files_are_as_expected(manifests, tmp_path):
    """Every object is written as it was reviewed, to the byte, and no other file."""
    write_folder(manifests, tmp_path / "out")
    written = {path.name: path.read_text() for path in (tmp_path / "out").iterdir()}
    expected = {path.name: path.read_text() for path in (HERE / "expected").iterdir()}
    assert sorted(expected) == sorted(written)
    assert expected == written


def test_the_compose_file_is_as_expected(spec):
    """The same exports as named volumes of Docker Compose."""
    assert (HERE / "compose.yaml").read_text() == render_compose(spec)


@pytest.mark.parametrize("version", VERSIONS)
def test_everything_is_strictly_valid(manifests, version):
    """The API's strict schema of each version takes every object: no unknown field, no wrong type."""
    assert [fault for manifest in manifests for fault in faults(manifest, version)] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_the_linter_refuses_what_a_version_has_no_longer(manifests, spec, version):
    """The drivers inside Kubernetes that 1.31 has removed are errors from there on, and nothing else is one."""
    minor = int(version.partition(".")[2])
    found = {finding.object for finding in lint(manifests, Settings(minor, spec=spec)) if finding.severity == "error"}
    removed = {
        "PersistentVolume/rbd-in-tree",
        "PersistentVolume/rbd-keyring",
        "PersistentVolume/cephfs-in-tree",
        "PersistentVolume/cephfs-secret",
        "StorageClass/rbd-in-tree",
    }
    assert found == (removed if minor >= 31 else set())


def test_the_schemas_would_notice(manifests):
    """The validation above is real: a field that does not exist, or a wrong type, is found."""
    manifest = next(manifest for manifest in manifests if manifest.name == "iscsi")
    data = json.loads(json.dumps(manifest.data))
    data["spec"]["iscsi"]["lun"] = "0"
    data["spec"]["iscsi"]["targetPortals"] = []
    found = faults(type(manifest)(data, manifest.document), "1.33")
    assert len(found) == 2
    assert any("targetPortals" in fault for fault in found)


def test_the_set_is_complete(manifests):
    """Every source, every type of hostPath, every access mode, both volume modes and all kinds are in the set."""
    volumes = [manifest.spec for manifest in manifests if manifest.kind == "PersistentVolume"]
    assert {kind for volume in volumes for kind in volume} >= set(Source.model_fields)
    types = {volume["hostPath"]["type"] for volume in volumes if "hostPath" in volume}
    assert types == set(HostPathSource.model_fields["type"].annotation.__args__)
    assert {mode for volume in volumes for mode in volume["accessModes"]} == set(ACCESS_MODES.values())
    assert {volume["volumeMode"] for volume in volumes} == {"Filesystem", "Block"}
    assert {manifest.kind for manifest in manifests} == {
        "Namespace",
        "Secret",
        "ConfigMap",
        "StorageClass",
        "PersistentVolume",
        "PersistentVolumeClaim",
    }


def test_every_field_of_every_source_is_rendered(manifests):
    """No field that storage.yml takes for a source is forgotten by its template."""
    rendered = {}
    for manifest in manifests:
        for kind in Source.model_fields:
            if manifest.kind == "PersistentVolume" and kind in manifest.spec:
                rendered.setdefault(kind, set()).update(manifest.spec[kind])
    missing = {
        f"{kind}.{name}"
        for kind, source in Source.model_fields.items()
        for name in source.annotation.__args__[0].model_fields
        if name not in rendered[kind]
    }
    assert missing == set()


def test_the_data_is_what_the_text_says(manifests):
    """What the linter and the simulator look at is what a reader of the text gets."""
    for manifest in manifests:
        assert manifest.data == yaml.safe_load(manifest.text), manifest.object


def test_objects_come_in_the_order_of_need(manifests):
    """Namespaces before what is in them, Secrets before the volumes that refer to them, claims last."""
    kinds = list(dict.fromkeys(manifest.kind for manifest in manifests))
    assert kinds == ["Namespace", "Secret", "ConfigMap", "StorageClass", "PersistentVolume", "PersistentVolumeClaim"]


def test_every_object_knows_its_declaration(manifests):
    """An object of a pool has the line of its own item, or of its entry where it has none."""
    lines = (HERE / "everything" / "storage.yml").read_text().splitlines()
    by_name = {manifest.object: lines[manifest.line() - 1].strip() for manifest in manifests}
    assert by_name["PersistentVolume/pv0003"].startswith("- {capacity: 5Gi")
    assert by_name["PersistentVolume/vol002"] == '- name: "vol{:03}"'
    assert by_name["PersistentVolumeClaim/media/films"] == "- name: films"
    assert by_name["Secret/ceph-csi/rbd-key"] == "- name: rbd-key"
    assert by_name["StorageClass/cloud"] == "- name: cloud"
