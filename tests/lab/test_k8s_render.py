"""What is rendered is taken by a real API server, and comes back from it as it was rendered."""

from __future__ import annotations

import json

import pytest

from mountwright.inventory import load_inventory
from mountwright.kubernetes.comparison import differences, normalised
from mountwright.kubernetes.rendering import render_objects
from mountwright.paths import bundled
from mountwright.spec import load_storage

pytestmark = pytest.mark.lab

NEWER = {"PersistentVolume/csi": 25}
"""Objects with fields that came with this minor version of Kubernetes: nodeExpandSecretRef, ReadWriteOncePod."""


@pytest.fixture
def manifests(monkeypatch):
    monkeypatch.setenv("MOUNTWRIGHT_TEST_CHAP", "secret")
    inventory = load_inventory(bundled("tests/golden/kubernetes/everything"))
    return render_objects(load_storage(inventory.storage_file, inventory))


def test_a_real_api_server_takes_every_object(api, manifests):
    """Every source, class and kind is accepted, and no field of it is dropped or changed."""
    version = json.loads(api.kubectl("version", "--output=json").stdout)["serverVersion"]
    minor = int("".join(filter(str.isdigit, version["minor"])))
    wanted = [manifest for manifest in manifests if NEWER.get(manifest.object, 0) <= minor]
    assert len(wanted) >= len(manifests) - len(NEWER)
    api.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: ceph-csi}\n")
    api.apply("---\n".join(manifest.text for manifest in wanted))
    for manifest in wanted:
        namespace = ["-n", manifest.namespace] if manifest.namespace else []
        live = api.get(manifest.kind, manifest.name, *namespace)
        assert list(differences(normalised(manifest.data), normalised(live))) == [], manifest.object
