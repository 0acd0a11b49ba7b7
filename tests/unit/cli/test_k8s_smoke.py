"""k8s.smoke as users call it, as far as it needs no cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
HOSTS = "all: {hosts: {nfs1: {ansible_host: 192.0.2.10}, node1: {}}}\n"
STORAGE = """\
kubernetes: {version: "1.33"}
nfs:
  servers: nfs1
  clients: node1
  exports:
    - {path: /srv/a, clients: {192.0.2.0/24: [rw, sync, no_subtree_check]}}
  volumes:
    - {name: pv1, export: /srv/a, capacity: 1Gi, access_modes: [ReadWriteMany]}
    - {name: pv2, export: /srv/a, subdir: b, capacity: 1Gi, access_modes: [ReadWriteMany], reclaim_policy: Delete}
"""


@pytest.fixture
def smoke(tmp_path):
    (tmp_path / "hosts.yml").write_text(HOSTS)
    (tmp_path / "storage.yml").write_text(STORAGE)
    clean = {name: value for name, value in os.environ.items() if name != "MOUNTWRIGHT_INVENTORY"}

    def call(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "mountwright", "k8s.smoke", "-i", str(tmp_path), *arguments],
            cwd=ROOT,
            env={**clean, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    return call


def test_the_stream_is_on_stdout_and_notes_are_not(smoke):
    """What is left out is said on stderr, so that the stream can be piped to kubectl."""
    done = smoke()
    assert done.returncode == 0, done.stderr
    kinds = [document["kind"] for document in yaml.safe_load_all(done.stdout)]
    assert kinds == ["Namespace", "PersistentVolumeClaim", "Pod", "Pod"]
    assert "note: volume pv2 is not tried: its reclaim policy is Delete" in done.stderr


def test_json_is_one_document(smoke):
    """The stream stands in it as text, with the notes."""
    document = json.loads(smoke("--consumer", "emptydir", "-f", "json").stdout)
    assert len(list(yaml.safe_load_all(document["yaml"]))) == 2
    assert document["notes"] == []


def test_options_change_what_storage_yml_says(smoke):
    """Image and user of the options count; the namespace is then nobody's but theirs."""
    done = smoke("--volume", "pv1", "--image", "example.com/tools:2", "--user", "0", "--namespace", "team")
    documents = list(yaml.safe_load_all(done.stdout))
    assert [document["kind"] for document in documents] == ["PersistentVolumeClaim", "Pod", "Pod"]
    spec = documents[1]["spec"]
    assert (spec["containers"][0]["image"], spec["securityContext"]["runAsUser"]) == ("example.com/tools:2", 0)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--timeout", "soon"], "--timeout is a number of seconds"),
        (["--timeout", "0"], "--timeout is a number of seconds"),
        (["--user", "root"], "--user: expected a user's number"),
        (["--user", "-1"], "--user: expected a user's number"),
        (["--image", "-x"], "--image: '-x' is no name of an image"),
        (["--node", "-A"], "--node: '-A' is no Kubernetes name"),
        (["--namespace", "a b"], "--namespace: 'a b' is no Kubernetes name"),
        (["--class", "$(id)"], "--class: '$(id)' is no Kubernetes name"),
        (["--volume", "a..b"], "--volume: 'a..b' is no Kubernetes name"),
        (["--volume", "pv9"], "declares no volume 'pv9'; did you mean pv"),
        (["--consumer", "cronjob"], "--consumer is one of"),
        (["--apply"], "does not say where kubectl runs"),
    ],
)
def test_bad_input_is_an_error_before_anything_connects(smoke, options, said):
    """In one line, with what was expected; never a traceback, and nothing on stdout."""
    done = smoke(*options)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
