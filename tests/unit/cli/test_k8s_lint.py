"""k8s.lint as users call it: the documents, the exit codes, the inventory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
RBD = """\
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: rbd}
provisioner: kubernetes.io/rbd
parameters: {monitors: "10.0.0.1:6789", adminSecretName: admin, userSecretName: user}
"""
STORAGE = """\
kubernetes:
  version: "1.30"
  secrets:
    - {name: key, namespace: kube-system, values: {key: {env: MOUNTWRIGHT_TEST_KEY}}}
  volumes:
    - name: images
      capacity: 1Gi
      access_modes: [ReadWriteOnce]
      source: {rbd: {monitors: ["10.0.0.1:6789"], image: one}}
"""


def call(*arguments, cwd, **env):
    """Run the task as a user does; nothing of the caller's configuration is seen."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MOUNTWRIGHT")}
    return subprocess.run(
        [sys.executable, "-m", "mountwright", "k8s.lint", *arguments],
        cwd=cwd,
        env={**clean, "PYTHONPATH": str(ROOT), **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inv").mkdir()
    (tmp_path / "inv" / "hosts.yml").write_text("kube_node:\n  hosts:\n    node1: {}\n")
    (tmp_path / "inv" / "storage.yml").write_text(STORAGE)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "class.yaml").write_text(RBD)
    return tmp_path


def test_an_error_in_any_file_is_exit_code_1_and_a_document(folder):
    """Exactly the document of the contract on stdout, nothing on stderr, exit code 1."""
    result = call("--path", "manifests", "--kubernetes", "1.33", "-f", "json", cwd=folder)
    assert (result.returncode, result.stderr) == (1, "")
    assert json.loads(result.stdout) == {
        "findings": [
            {
                "rule": "removed-plugin",
                "severity": "error",
                "file": "manifests/class.yaml",
                "line": 4,
                "object": "StorageClass/rbd",
                "message": "kubernetes.io/rbd does not work since Kubernetes 1.31, and this is for 1.33",
                "remedy": "use the CSI driver rbd.csi.ceph.com",
            }
        ],
        "summary": {"errors": 1, "warnings": 0},
    }


def test_a_warning_is_exit_code_0(folder):
    """The same class was only deprecated in 1.30."""
    result = call("--path", "manifests/class.yaml", "--kubernetes", "v1.30.4", cwd=folder)
    assert result.returncode == 0
    assert "manifests/class.yaml:4: warning [deprecated-plugin]\n  StorageClass/rbd: " in result.stdout
    assert result.stdout.endswith("\n0 errors, 1 warning\n")


def test_a_rule_is_switched_off(folder):
    """Without the only rule that is broken nothing is found."""
    result = call("--path", "manifests", "--disable", "removed-plugin", "-f", "json", cwd=folder)
    assert result.returncode == 0
    assert json.loads(result.stdout) == {"findings": [], "summary": {"errors": 0, "warnings": 0}}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--path", "manifests", "--kubernetes", "1.24"], "error: '1.24' is not among the versions"),
        (["--path", "manifests", "--disable", "removed-plug"], "did you mean removed-plugin?"),
        (["--path", "nowhere"], "error: nowhere does not exist"),
        (["--path", "inv/empty"], "error: inv/empty holds no manifests"),
        ([], "error: no inventory was given"),
    ],
)
def test_bad_input_is_an_error_on_stderr(folder, arguments, message):
    """A clear message, exit code 1, and nothing that a script could take for a document."""
    (folder / "inv" / "empty").mkdir()
    result = call(*arguments, "-f", "json", cwd=folder)
    assert (result.returncode, result.stdout) == (1, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_storage_yml_is_linted_for_its_own_version(folder):
    """Findings have the line of the declaration, and a Secret whose value is not at hand hides nothing."""
    result = call("-i", "inv", "-f", "json", cwd=folder)
    assert result.returncode == 0
    assert [
        (finding["file"], finding["line"], finding["rule"], finding["object"])
        for finding in json.loads(result.stdout)["findings"]
    ] == [
        ("inv/storage.yml", 4, "secret-value", ""),
        ("inv/storage.yml", 6, "deprecated-plugin", "PersistentVolume/images"),
    ]
    later = call("-i", "inv", "--kubernetes", "1.31", cwd=folder, MOUNTWRIGHT_TEST_KEY="hunter2")
    assert later.returncode == 1
    assert "inv/storage.yml:6: error [removed-plugin]" in later.stdout
    assert "secret-value" not in later.stdout


def test_storage_yml_says_which_rules_are_left_out(folder):
    """Its rules are left out beside those of --disable; one that does not exist is an error with its line."""
    storage = folder / "inv" / "storage.yml"
    storage.write_text(STORAGE.replace("  secrets:", "  lint:\n    disable: [deprecated-plugin]\n  secrets:"))
    result = call("-i", "inv", "--disable", "secret-value", "-f", "json", cwd=folder)
    assert json.loads(result.stdout)["findings"] == []
    storage.write_text(STORAGE.replace("  secrets:", "  lint:\n    disable: [deprecated-plug]\n  secrets:"))
    result = call("-i", "inv", cwd=folder)
    assert (result.returncode, result.stdout) == (1, "")
    assert (
        "error: inv/storage.yml:4: kubernetes.lint.disable[0]: 'deprecated-plug' is no rule; did you" in result.stderr
    )


def test_files_are_held_against_an_inventory_that_is_named(folder):
    """With -i the version is the inventory's, and its hosts are the nodes; that of the environment is not asked."""
    result = call("--path", "manifests", cwd=folder, MOUNTWRIGHT_INVENTORY="inv")
    assert "removed-plugin" in result.stdout
    (folder / "manifests" / "volume.yaml").write_text(
        "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: disk}\n"
        "spec:\n  capacity: {storage: 1Gi}\n  accessModes: [ReadWriteOnce]\n  local: {path: /mnt}\n"
        "  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [\n"
        "    {key: kubernetes.io/hostname, operator: In, values: [node1, node7]}]}]}}\n"
    )
    result = call("--path", "manifests", "-i", "inv", cwd=folder)
    assert result.returncode == 1
    assert "deprecated-plugin" in result.stdout
    assert "manifests/volume.yaml:9: error [unknown-node]" in result.stdout
    assert "'node7' is no node of the inventory; did you mean 'node1'?" in result.stdout


def test_a_version_of_the_inventory_that_can_not_be_checked_is_named_with_its_line(folder):
    """storage.yml may be for a cluster that no schemas are known of; then --kubernetes is asked for."""
    (folder / "inv" / "storage.yml").write_text('kubernetes:\n  version: "1.24"\n')
    result = call("-i", "inv", cwd=folder)
    assert (result.returncode, result.stdout) == (1, "")
    assert "error: inv/storage.yml:2: kubernetes.version: '1.24' is not among the versions" in result.stderr
    assert call("-i", "inv", "--kubernetes", "1.25", cwd=folder).returncode == 0
