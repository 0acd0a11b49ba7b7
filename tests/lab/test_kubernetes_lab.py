"""The lab's Kubernetes is a real one: its controllers bind, tests find it clean, and it leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.lab.command import ROOT
from tests.lab.errors import LabError
from tests.lab.kubernetes import control_plane as control_planes
from tests.lab.kubernetes.cluster import wait_until
from tests.lab.kubernetes.control_plane import ControlPlane, box_address, clusters_folder, running
from tests.lab.kubernetes.programs import BUILT, VERSION, binaries
from tests.lab.processes import process_id

pytestmark = pytest.mark.lab

VOLUME = """\
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv0001}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: nfs
  persistentVolumeReclaimPolicy: Retain
  nfs: {server: 192.0.2.10, path: /srv/nfs/pv1}
"""
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: default}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: nfs
  resources: {requests: {storage: 1Gi}}
"""
NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Secret
metadata: {name: key, namespace: shop}
stringData: {key: value}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: waiting, namespace: shop}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: none-such
  resources: {requests: {storage: 1Gi}}
"""


def test_programs_say_their_version(control_plane):
    """Each was built, runs here, and calls itself the release that it is."""
    for program in (*BUILT, "kubectl"):
        arguments = ["version", "--client", "--short"] if program == "kubectl" else ["--version"]
        done = subprocess.run([binaries() / program, *arguments], capture_output=True, text=True, check=True)
        assert f"v{VERSION}" in done.stdout
    server = control_plane.cluster.kubectl("version", "--short").stdout
    assert f"Server Version: v{VERSION}" in server


def test_the_build_leaves_nothing_but_programs():
    """Neither the source tree nor the compiler stays in the cache."""
    assert {path.name for path in binaries().iterdir()} == {*BUILT, "etcd", "kubectl", "build.log"}


def test_a_static_claim_is_bound_by_the_real_controller(api):
    """The controller-manager puts a claim and a volume together, on both sides."""
    api.apply(VOLUME + "---\n" + CLAIM)
    api.wait_for_phase("pvc", "data", "Bound")
    assert api.get("pvc", "data")["spec"]["volumeName"] == "pv0001"
    reference = api.get("pv", "pv0001")["spec"]["claimRef"]
    assert (reference["namespace"], reference["name"]) == ("default", "data")


def test_a_claim_that_came_first_is_bound_when_a_volume_comes(api):
    """A pending claim is looked at again without long waits."""
    api.apply(CLAIM)
    assert api.phase("pvc", "data") in {"", "Pending"}
    api.apply(VOLUME)
    api.wait_for_phase("pvc", "data", "Bound", seconds=20)


def test_a_volume_whose_claim_is_deleted_is_released(api):
    """With Retain it is not Available again by itself."""
    api.apply(VOLUME + "---\n" + CLAIM)
    api.wait_for_phase("pvc", "data", "Bound")
    api.kubectl("delete", "pvc", "data")
    api.wait_for_phase("pv", "pv0001", "Released")


def test_server_side_apply_knows_field_managers(api):
    """A field that another manager owns is a conflict, and the managers are on record."""
    api.apply(VOLUME, "--field-manager=first")
    changed = VOLUME.replace("storage: 1Gi", "storage: 2Gi")
    done = api.kubectl(
        *("apply", "--server-side", "--field-manager=second", "--filename=-"), stdin=changed, check=False
    )
    assert done.returncode != 0
    assert 'conflict with "first"' in done.stderr
    managers = {each["manager"] for each in api.get("pv", "pv0001")["metadata"]["managedFields"]}
    assert "first" in managers
    assert "second" not in managers


def test_what_the_api_refuses_is_an_error_with_its_words(api):
    """A manifest that the real validation refuses does not pass silently."""
    with pytest.raises(LabError, match="Unsupported value"):
        api.apply(VOLUME.replace("ReadWriteOnce", "ReadWriteSometimes"))


def test_clear_takes_away_what_a_test_has_made(api):
    """Bound claims, namespaces with what is in them, and what has a finalizer that nobody will ever take away."""
    stubborn = VOLUME.replace("name: pv0001", "name: pv0002, finalizers: [mountwright.test/never]")
    api.apply(f"{VOLUME}---\n{CLAIM}---\n{NAMESPACE}---\n{stubborn}")
    api.wait_for_phase("pvc", "data", "Bound")
    begun = time.monotonic()
    api.clear()
    assert time.monotonic() - begun < 30
    for kind in ("pv", "pvc", "secret"):
        names = [each["metadata"]["name"] for each in api.get(kind, "--all-namespaces")["items"]]
        assert not {"pv0001", "pv0002", "data", "waiting", "key"} & set(names)
    assert "shop" not in [each["metadata"]["name"] for each in api.get("namespaces")["items"]]


def test_clear_keeps_to_what_tests_make(api):
    """What a cluster's own namespaces come to hold meanwhile is not a test's."""
    configuration = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: came-meanwhile, namespace: kube-system}\n"
    api.apply(configuration)
    api.clear()
    api.kubectl("delete", "configmap", "came-meanwhile", "--namespace=kube-system")


def test_clear_keeps_what_was_there_before(api):
    """On a cluster that is not the lab's, only what a test has made is deleted."""
    kept = VOLUME.replace("name: pv0001", "name: pv-kept")
    api.apply(kept)
    before = api._kept
    try:
        api.remember()
        api.apply(VOLUME)
        api.clear()
        assert [each["metadata"]["name"] for each in api.get("pv")["items"]] == ["pv-kept"]
    finally:
        api._kept = before


def test_tests_run_against_a_cluster_of_the_users_own(control_plane):
    """With MOUNTWRIGHT_KUBECONFIG they make their objects there, and leave what was there before as it was."""
    cluster = control_plane.cluster
    cluster.clear()
    cluster.apply(VOLUME.replace("pv0001", "pv-theirs").replace("storageClassName: nfs", "storageClassName: theirs"))
    own = {
        "MOUNTWRIGHT_KUBECONFIG": str(control_plane.kubeconfig),
        "PATH": f"{control_plane.kubectl_program.parent}{os.pathsep}{os.environ['PATH']}",
    }
    chosen = [str(Path(__file__)), "-k", "test_a_static_claim_is_bound"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *chosen],
        cwd=ROOT,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout
    assert [each["metadata"]["name"] for each in cluster.get("pv")["items"]] == ["pv-theirs"]
    cluster.kubectl("delete", "pv", "pv-theirs")


def test_a_machine_reaches_the_api_over_its_bridge(control_plane, fresh_fleet):
    """A container with kubectl and an admin.conf is a control plane's host: the certificate holds for its address."""
    machine = fresh_fleet[0]
    machine.run(
        "mkdir -p /etc/kubernetes && cat >/etc/kubernetes/admin.conf",
        check=True,
        stdin=control_plane.kubeconfig_for(box_address(machine)),
    )
    machine.run(
        "cat >/usr/local/bin/kubectl && chmod 0755 /usr/local/bin/kubectl",
        check=True,
        stdin=control_plane.kubectl_program.read_bytes(),
    )
    said = machine.text("kubectl --kubeconfig /etc/kubernetes/admin.conf get namespaces -o name")
    assert "namespace/kube-system" in said.splitlines()


def test_a_kubeconfig_is_its_owners_alone(control_plane):
    """Keys and kubeconfig files can be read by nobody else."""
    secret = [path for path in control_plane.folder.iterdir() if path.suffix in {".conf", ".key"}]
    assert len(secret) >= 5
    assert {path.stat().st_mode & 0o077 for path in secret} == {0}


def test_who_has_no_certificate_may_not_look(control_plane):
    """The API server listens on all addresses, so it must ask who is there."""
    done = subprocess.run(
        [
            control_plane.kubectl_program,
            "--insecure-skip-tls-verify",
            f"--server=https://127.0.0.1:{control_plane.port}",
            "--username=nobody",
            "--password=nothing",
            f"--cache-dir={control_plane.folder / 'nobody'}",
            "get",
            "--raw=/api/v1/persistentvolumes",
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "KUBECONFIG": "/dev/null"},
    )
    assert done.returncode != 0
    assert 'Forbidden): persistentvolumes is forbidden: User "system:anonymous"' in done.stderr


def test_a_second_one_comes_and_goes_beside_the_first(control_plane, tmp_path):
    """Two have ports and folders of their own; the end of one leaves none of its processes, and not its folder.

    Its controllers find the programs that they are to call.
    """
    with ControlPlane(path=(tmp_path,), scheduler=False) as other:
        assert other.port != control_plane.port
        pids = running(other.folder)
        environment = Path(f"/proc/{pids['kube-controller-manager']}/environ").read_text().split("\0")
        assert any(each.startswith(f"PATH={tmp_path}:") for each in environment)
        assert pids.keys() == {"etcd", "kube-apiserver", "kube-controller-manager"}
    assert not other.folder.exists()
    assert [pid for pid in pids.values() if process_id(pid)] == []
    assert control_plane.cluster.kubectl("get", "--raw=/readyz").stdout == "ok"


def test_a_program_that_fails_is_told_with_its_own_words():
    """Instead of a wait in vain; and nothing of the rest stays. No duration is `nan` seconds long."""
    broken = ControlPlane(resync=float("nan"))
    with pytest.raises(
        LabError, match=r"(?s)waited for a volume.*kube-controller-manager.*invalid argument \"nans\""
    ):
        broken.up()
    assert running(broken.folder) == {}
    assert not broken.folder.exists()


def test_what_a_crash_leaves_is_swept_away():
    """A program that dies without a word leaves its control plane to the next one, or to `inv lab.down`."""
    crashing = textwrap.dedent("""
        import os
        from tests.lab.kubernetes.control_plane import ControlPlane
        made = ControlPlane(scheduler=False)
        made.up()
        print(made.folder.name, flush=True)
        os._exit(9)
    """)
    done = subprocess.run([sys.executable, "-c", crashing], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 9, done.stderr
    folder = clusters_folder() / done.stdout.strip()
    assert len(running(folder)) == 3
    assert folder.name in control_planes.sweep()
    assert running(folder) == {}
    assert not folder.exists()


def test_waiting_ends_in_time():
    """A question that is never answered with yes is asked until the time is up, not for ever."""
    begun = time.monotonic()
    assert not wait_until(lambda: False, 0.2)
    assert time.monotonic() - begun < 5
