"""What the linter says of manifests is what a real API server does with them.

The server of the lab is 1.20, so a few objects with things that came later are left out by name.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mountwright.kubernetes.lint.linter import Settings, lint
from mountwright.kubernetes.manifests import load_manifests

pytestmark = pytest.mark.lab

EXAMPLES = Path(__file__).resolve().parents[1] / "golden" / "lint"
LATER = {
    "PersistentVolumeClaim/alone",  # ReadWriteOncePod came with 1.22
    "CSIStorageCapacity/room",  # its API was an alpha one until 1.21
}
"""Good objects that the server of the lab is too old for."""
NOT_AT_ONCE = {"StatefulSet/web"}  # its pods are refused, not the set itself
REFUSED = [
    "bad-key",
    "bad-label",
    "bad-name",
    "bad-path",
    "bad-quantity",
    "bad-value",
    "local-without-node",
    "missing-field",
    "secret-base64",
    "unknown-field",
    "volume-source",
    "wrong-type",
    "zero-capacity",
]
"""Rules that say that the API refuses an object."""


def dry_run(api, data):
    """The answer of the server (and of kubectl, which knows the fields) to an object that is not kept."""
    options = ("--dry-run=server", "--validate=true", "-f", "-")
    return api.kubectl("create", *options, stdin=json.dumps(data), check=False)


@pytest.fixture
def namespaces(api):
    for name in ("media", "films", "ceph-csi", "rook-ceph"):
        api.apply(f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n")


@pytest.mark.usefixtures("namespaces")
def test_the_server_takes_all_good_manifests(api):
    """Nothing that the linter finds good is refused."""
    manifests = [each for each in load_manifests(EXAMPLES / "good").require() if each.object not in LATER]
    items = {"apiVersion": "v1", "kind": "List", "items": [each.data for each in manifests]}
    result = dry_run(api, items)
    assert result.stderr == ""
    assert len(result.stdout.splitlines()) == len(manifests) > 80


@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize("rule", REFUSED)
def test_the_server_refuses_what_the_linter_says_it_refuses(api, rule):
    """Each object with such a finding is refused, each other object of the same file is taken."""
    manifests = load_manifests(EXAMPLES / "bad" / f"{rule}.yaml").require()
    found = {finding.object for finding in lint(manifests, Settings(33))}
    for manifest in manifests:
        if manifest.object in NOT_AT_ONCE:
            continue
        result = dry_run(api, manifest.data)
        assert bool(result.returncode) == (manifest.object in found), (manifest.object, result.stderr)
