"""k8s.render as users call it: what stands on which stream, and in the folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
STORAGE = """\
kubernetes:
  version: "1.33"
  secrets:
    - {name: key, namespace: kube-system, values: {key: {env: MOUNTWRIGHT_TEST_KEY}}}
  volumes:
    - {name: pv1, capacity: 1Gi, access_modes: [ReadWriteOnce], source: {hostPath: {path: /data}}}
nfs:
  clients: kube_node
  external: {filer: filer.example.com}
  volumes:
    - {name: pv2, export: /vol, capacity: 1Gi, access_modes: [ReadWriteMany], reclaim_policy: Delete}
"""


def call(*arguments, cwd, **env):
    """Run the task as a user does; nothing of the caller's configuration is seen."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MOUNTWRIGHT")}
    return subprocess.run(
        [sys.executable, "-m", "mountwright", "k8s.render", *arguments],
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
    return tmp_path


def test_without_a_folder_stdout_is_one_stream(folder):
    """Only YAML on stdout; warnings, and which Secrets were left out, on stderr."""
    result = call("-i", "inv", cwd=folder)
    assert result.returncode == 0
    assert [item["metadata"]["name"] for item in yaml.safe_load_all(result.stdout)] == ["pv2", "pv1"]
    assert "warning: inv/storage.yml:11: nfs.volumes[0].reclaim_policy" in result.stderr
    assert "left out: Secret/kube-system/key; --secrets renders them" in result.stderr


def test_secrets_come_when_they_are_asked_for(folder):
    """Their values are on stdout then, in base64, and nowhere else."""
    result = call("-i", "inv", "--secrets", cwd=folder, MOUNTWRIGHT_TEST_KEY="hunter2")
    first = next(iter(yaml.safe_load_all(result.stdout)))
    assert (first["kind"], first["data"]) == ("Secret", {"key": "aHVudGVyMg=="})
    assert "hunter2" not in result.stdout + result.stderr
    assert "left out" not in result.stderr


def test_a_secret_without_a_value_is_an_error_with_its_line(folder):
    """Exit code 1, and nothing on stdout."""
    result = call("-i", "inv", "--secrets", cwd=folder)
    assert (result.returncode, result.stdout) == (1, "")
    assert "inv/storage.yml:4: kubernetes.secrets[0].values.key.env: the environment variable" in result.stderr


def test_a_folder_is_written_and_told(folder):
    """stdout stays empty; a second call writes nothing."""
    result = call("-i", "inv", "--out", "out", cwd=folder)
    assert (result.returncode, result.stdout) == (0, "")
    assert "wrote out/persistentvolume-pv1.yaml" in result.stderr
    assert "2 objects in out: 2 written, 0 removed" in result.stderr
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "kustomization.yaml",
        "persistentvolume-pv1.yaml",
        "persistentvolume-pv2.yaml",
    ]
    assert "2 objects in out: 0 written, 0 removed" in call("-i", "inv", "--out", "out", cwd=folder).stderr


def test_json_is_one_document(folder):
    """Each object with its declaration; with --out its file, and without it the object itself."""
    shown = json.loads(call("-i", "inv", "-f", "json", cwd=folder).stdout)
    assert shown["objects"][1]["manifest"]["spec"]["hostPath"] == {"path": "/data", "type": ""}
    assert shown["objects"][1]["line"] == 6
    assert shown["left_out"] == ["Secret/kube-system/key"]
    written = json.loads(call("-i", "inv", "-f", "json", "--out", "out", cwd=folder).stdout)
    assert written["objects"][0] == {
        "object": "PersistentVolume/pv2",
        "source": "inv/storage.yml",
        "line": 11,
        "file": "persistentvolume-pv2.yaml",
        "written": True,
    }
    assert written["removed"] == []


def test_compose_goes_alone(folder):
    """It is one file on stdout; with a folder it is an error that says so."""
    result = call("-i", "inv", "--as-compose", cwd=folder)
    assert list(yaml.safe_load(result.stdout)["volumes"]) == ["pv2"]
    both = call("-i", "inv", "--as-compose", "--out", "out", cwd=folder)
    assert (both.returncode, both.stdout) == (1, "")
    assert "--as-compose prints one file of its own" in both.stderr


def test_nothing_to_render_is_said(folder):
    """An empty answer is no riddle."""
    (folder / "inv" / "storage.yml").write_text("ceph: {clients: kube_node}\n")
    result = call("-i", "inv", cwd=folder)
    assert (result.returncode, result.stdout) == (0, "")
    assert "nothing to render" in result.stderr
