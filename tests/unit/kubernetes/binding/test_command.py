"""`k8s.bind` as it is called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.kubernetes.binding.manifests import claim, volume

ROOT = Path(__file__).resolve().parents[4]


def call(*arguments):
    clean = {name: value for name, value in os.environ.items() if name != "MOUNTWRIGHT_INVENTORY"}
    return subprocess.run(
        [sys.executable, "-m", "mountwright", "k8s.bind", *map(str, arguments)],
        cwd=ROOT,
        env={**clean, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path):
    """Manifests that nobody rendered: one file each."""
    (tmp_path / "1-volumes.yaml").write_text(volume("pv0001") + "---\n" + volume("pv0002", modes="ReadOnlyMany"))
    (tmp_path / "2-claims.json").write_text(claim())
    (tmp_path / "3-more.yml").write_text(claim("late"))
    return tmp_path


def test_a_folder_without_an_inventory(folder):
    """One document on stdout, nothing else; exit code 0 though a claim stays pending."""
    ran = call("--path", folder, "-f", "json")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == {
        "claims": [
            {"claim": "default/data", "volume": "pv0001", "reasons": {}},
            {
                "claim": "default/late",
                "volume": None,
                "reasons": {
                    "pv0001": "is bound to default/data",
                    "pv0002": "access modes ROX don't contain RWO",
                },
            },
        ]
    }


def test_as_text(folder):
    """The same for people."""
    ran = call("--path", folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "default/data  pv0001  (1Gi RWO for 1Gi RWO)" in ran.stdout
    assert "    pv0002: access modes ROX don't contain RWO" in ran.stdout


def test_warnings_are_no_part_of_the_document(folder):
    """In JSON they are on stderr."""
    (folder / "4-again.yaml").write_text(volume("pv0001", "9Gi"))
    ran = call("--path", folder, "-f", "json")
    assert json.loads(ran.stdout)["claims"][0]["volume"] == "pv0001"
    assert "PersistentVolume/pv0001 is there twice" in ran.stderr


def test_bad_input_is_said_with_its_place(folder):
    """Exit code 1, nothing on stdout, no traceback."""
    (folder / "4-bad.yaml").write_text(volume("pv3", "1GB"))
    ran = call("--path", folder, "-f", "json")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "4-bad.yaml:1: spec.capacity.storage: PersistentVolume/pv3: '1GB' is no Kubernetes quantity" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_names_in_files_cannot_play_with_the_terminal(tmp_path):
    """A name with a line end and colours is shown escaped, in one line."""
    (tmp_path / "a.yaml").write_text(
        'apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: "\\e[31mred\\nx"}\nspec: 3\n'
    )
    ran = call("--path", tmp_path)
    assert ran.returncode == 1
    assert all(line.startswith(("error: ", "3 errors")) for line in ran.stderr.splitlines())
    assert r"PersistentVolume/\x1b[31mred\nx: " in ran.stderr


def test_an_endless_name_fills_no_screen(tmp_path):
    """Of a name of a million letters the beginning is told, and what is wrong with the object."""
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: NAME}\nspec: {}\n".replace("NAME", "a" * 10**6)
    )
    ran = call("--path", tmp_path)
    assert ran.returncode == 1
    assert max(map(len, ran.stderr.splitlines())) < 1100
    assert ran.stderr.splitlines()[1].endswith("a: is missing; expected a size like 10Gi")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--path", "/nonexistent/x"), "/nonexistent/x does not exist"),
        ((), "into invoke.yaml; or name files without one: --path\n"),
        (("--live",), "no inventory was given"),
        (("--path", ".", "--live"), "--path and --live exclude each other"),
    ],
)
def test_calls_that_make_no_sense(arguments, message):
    """Each says what was expected."""
    ran = call(*arguments)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert message in ran.stderr


def test_what_storage_yml_declares(tmp_path):
    """With an inventory it is our own rendering that is bound, and the cluster is not asked."""
    (tmp_path / "hosts.yml").write_text("all: {}\n")
    (tmp_path / "storage.yml").write_text(
        """\
kubernetes:
  version: "1.33"
  volumes:
    - name: pv1
      capacity: 1Gi
      access_modes: [ReadWriteOnce]
      source: {nfs: {server: 192.0.2.1, path: /srv}}
  claims:
    - {name: data, namespace: db, capacity: 1Gi, access_modes: [ReadWriteOnce], storage_class: ""}
"""
    )
    ran = call("-i", tmp_path, "-f", "json")
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {"claims": [{"claim": "db/data", "volume": "pv1", "reasons": {}}]}


def test_live_needs_to_know_where_kubectl_runs(tmp_path):
    """Before anything connects."""
    (tmp_path / "hosts.yml").write_text("all: {}\n")
    (tmp_path / "storage.yml").write_text('kubernetes: {version: "1.33"}\n')
    ran = call("-i", tmp_path, "--live")
    assert ran.returncode == 1
    assert "does not say where kubectl runs: add kubernetes.kubectl" in ran.stderr
