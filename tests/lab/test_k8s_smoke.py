"""k8s.smoke against a real API server without nodes: what it says then, and that nothing of it stays."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest
import yaml

from tests.lab.command import ROOT, Ran, command_line, environment, mountwright
from tests.lab.inventory_files import write_inventory
from tests.lab.kubernetes.control_plane import box_address

pytestmark = pytest.mark.lab

CONSUMERS = ["pod", "deployment", "statefulset", "emptydir", "hostpath", "inline"]
VOLUME = """\
apiVersion: v1
kind: PersistentVolume
metadata: {name: %s}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteMany]
  storageClassName: %s
  persistentVolumeReclaimPolicy: %s
  nfs: {server: 192.0.2.10, path: /srv/%s}
"""
CLASS = """\
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: %s}
provisioner: %s
"""
STORAGE = """\
kubernetes:
  version: "1.33"
  kubectl: {local: {kubeconfig: %s}}
nfs:
  servers: nfs1
  clients: node1
  exports:
    - path: /srv/pv1
      clients: {192.0.2.0/24: [rw, sync, no_subtree_check]}
  volumes:
    - {name: pv1, export: /srv/pv1, capacity: 1Gi, access_modes: [ReadWriteMany], storage_class: files}
  classes:
    - {name: made, provisioner: nfs.csi.k8s.io, export: /srv/pv1}
"""


class Smoke:
    """k8s.smoke for a storage.yml whose objects are in the cluster."""

    def __init__(self, api, folder):
        self.api = api
        self.folder = folder
        hosts = {
            name: {"ansible_host": address} for name, address in {"nfs1": "192.0.2.10", "node1": "192.0.2.11"}.items()
        }
        (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
        (folder / "storage.yml").write_text(STORAGE % api.kubeconfig)
        self.path = f"{api.program.parent}:{environment()['PATH']}"

    def arguments(self, *more):
        return ("k8s.smoke", "-i", self.folder, *more)

    def __call__(self, *more):
        return mountwright(*self.arguments(*more), PATH=self.path)

    def applied(self, *more):
        """A run in the cluster, as JSON, that gives up soon."""
        return self("--apply", "-f", "json", "--timeout", "2", *more)

    def pod_is_there(self):
        """Wait until a run has made its pod."""
        deadline = time.monotonic() + 60
        while not any(name.startswith("Pod/") for name in self.objects()):
            assert time.monotonic() < deadline
            time.sleep(0.2)

    def start(self, *more):
        """A run in the cluster that waits long."""
        command = command_line(*self.arguments("--apply", "-f", "json", "--timeout", "600", *more))
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(PATH=self.path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def objects(self):
        """All that runs have made and that is still there, in whatever namespace."""
        kinds = "namespaces,deployments,statefulsets,replicasets,services,pods,persistentvolumeclaims"
        items = self.api.get(kinds, "--all-namespaces", "--selector=mountwright/smoke")["items"]
        return [f"{item['kind']}/{item['metadata']['name']}" for item in items]


@pytest.fixture
def smoke(api, tmp_path):
    api.apply("---\n".join([VOLUME % ("pv1", "files", "Retain", "pv1"), CLASS % ("made", "nfs.csi.k8s.io")]))
    api.wait_for_phase("pv", "pv1", "Available")
    return Smoke(api, tmp_path)


def ended(running):
    """How a run ended that was started before."""
    out, err = running.communicate(timeout=120)
    return Ran(running.returncode, out, err)


def only(ran):
    """The one trial of a run."""
    (trial,) = ran.document["smokes"]
    return trial


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_the_api_server_takes_every_consumer(smoke, consumer):
    """Its validation and its defaults have nothing against what is rendered, and nothing is made by it."""
    rendered = smoke("--consumer", consumer, "--namespace", "default")
    assert rendered.code == 0, str(rendered)
    smoke.api.apply(rendered.out, "--dry-run=server")
    assert smoke.objects() == []


def test_without_apply_nothing_connects(smoke):
    """The stream is printed for a cluster that can't be reached, too."""
    (smoke.folder / "storage.yml").write_text(STORAGE % "/nowhere")
    ran = smoke()
    assert (ran.code, ran.err) == (0, "")
    kinds = [document["kind"] for document in yaml.safe_load_all(ran.out)]
    assert kinds == ["Namespace", *["PersistentVolumeClaim", "Pod", "Pod"] * 2]


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_no_node_takes_the_pod(smoke, consumer):
    """Every consumer says why, with the scheduler's words and what to do; all is clean afterwards."""
    storage = ["--volume", "pv1"] if consumer in ("pod", "deployment", "statefulset") else []
    ran = smoke.applied("--consumer", consumer, "--namespace", "default", *storage)
    trial = only(ran)
    assert ran.code == 1
    assert trial["ok"] is False
    assert trial["message"] == "not done after 2 s: no node takes its pod: no nodes available to schedule pods"
    assert trial["remedy"] == "the cluster has no node: kubectl get nodes"
    assert any(event["reason"] == "FailedScheduling" for event in trial["events"])
    assert [step["ok"] for step in trial["steps"]] == [False, True]
    assert trial["notes"] == ran.document["notes"] == []
    assert smoke.objects() == []
    smoke.api.wait_for_phase("pv", "pv1", "Available")


def test_all_that_is_declared_is_tried_and_reported(smoke):
    """A class whose provisioner does not answer, and a volume, each with its own reason; text fits a terminal."""
    ran = smoke("--apply", "--timeout", "4")
    assert ran.code == 1
    assert "class made failed" in ran.out
    assert "waiting for a volume to be created, either by external provisioner" in ran.out
    assert "-> see whether the provisioner runs" in ran.out
    recap = ran.out[ran.out.index("Recap") :].splitlines()
    assert [line.split()[:3] for line in recap[1:3]] == [["class", "made", "failed"], ["volume", "pv1", "failed"]]
    assert recap[3].startswith("2 trials: 2 failed in ")
    assert max(map(len, recap)) <= 80
    assert "volume pv1: write ..." in ran.err
    assert smoke.objects() == []


def test_a_claim_that_no_volume_fits(smoke):
    """The controller's reason, and the forecast's for each volume."""
    smoke.api.apply(
        "---\n".join([CLASS % ("none", "kubernetes.io/no-provisioner"), VOLUME % ("pv2", "x", "Retain", "b")])
    )
    smoke.api.wait_for_phase("pv", "pv2", "Available")
    lines = only(smoke.applied("--class", "none"))["message"].splitlines()
    assert "no volume plugin matched" in lines[0]
    assert lines[1:] == [
        "pv1: access modes RWX don't contain RWO; storageClassName files, not none",
        "pv2: access modes RWX don't contain RWO; storageClassName x, not none",
    ]


def test_storage_that_is_not_tried(smoke):
    """What would be destroyed, what is used, and what is not there: refused before anything is made."""
    for policy in ("Delete", "Recycle"):
        smoke.api.apply(VOLUME % (f"pv-{policy.lower()}", policy.lower(), policy, policy))
        trial = only(smoke.applied("--volume", f"pv-{policy.lower()}"))
        assert f"its reclaim policy is {policy}" in trial["message"]
    smoke.api.apply(CLASS % ("delete", "example.com/disks"))
    smoke.api.wait_for_phase("pv", "pv-delete", "Available")
    assert "could get the existing volume pv-delete" in only(smoke.applied("--class", "delete"))["message"]
    assert "no PersistentVolume of this name" in only(smoke.applied("--volume", "pv9"))["message"]
    ran = smoke.applied("--volume", "pv1", "--node", "node1")
    assert (ran.code, ran.out) == (1, "")
    assert "the cluster has no node node1" in ran.err
    assert smoke.objects() == []


def test_a_volume_in_use_is_left_out_of_a_general_run(smoke):
    """It is nothing wrong, and reported as skipped; asked for by name it is a failure."""
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "default"},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "storageClassName": "files",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    smoke.api.apply(yaml.safe_dump(claim))
    smoke.api.wait_for_phase("pv", "pv1", "Bound")
    ran = smoke.applied()
    skipped = next(trial for trial in ran.document["smokes"] if trial["name"] == "volume pv1")
    assert (skipped["ok"], skipped["message"]) == (None, "it is in use: bound to the claim default/data")
    assert ran.document["summary"] == {"ok": 0, "failed": 1, "skipped": 1}
    assert only(smoke.applied("--volume", "pv1"))["ok"] is False
    assert smoke.api.phase("pvc", "data") == "Bound"


def test_in_a_given_namespace_only_its_own_is_deleted(smoke):
    """What others have there stays, and the namespace too."""
    smoke.api.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs, namespace: default}\n")
    trial = only(smoke.applied("--namespace", "default", "--consumer", "deployment", "--volume", "pv1"))
    assert trial["ok"] is False
    assert smoke.objects() == []
    assert smoke.api.get("configmap", "theirs")["metadata"]["name"] == "theirs"
    refused = smoke.applied("--namespace", "nowhere", "--volume", "pv1")
    assert "there is no namespace nowhere" in refused.err


def test_what_is_kept_can_be_deleted_by_the_command_that_is_told(smoke):
    """With --keep all stays to be looked at, and the report says how to be rid of it."""
    ran = smoke.applied("--volume", "pv1", "--keep")
    (note,) = ran.document["notes"]
    assert any(name.startswith("Pod/") for name in smoke.objects())
    command = note.removeprefix("all was kept: kubectl ").removesuffix(" deletes it")
    smoke.api.kubectl(*command.split())
    assert smoke.objects() == []


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_cleans_up(smoke, sign):
    """Ctrl-C, the end of the job, the end of the session: reported as one document, and nothing stays."""
    running = smoke.start("--volume", "pv1")
    smoke.pod_is_there()
    running.send_signal(sign)
    ran = ended(running)
    assert ran.code == 1
    assert only(ran)["message"] == "the run was interrupted"
    assert ran.document["interrupted"] is True
    assert "Traceback" not in ran.err
    assert smoke.objects() == []
    smoke.api.wait_for_phase("pv", "pv1", "Available")


def test_credentials_without_rights(smoke, control_plane):
    """Who may not make a namespace is told so; nothing was made."""
    config = smoke.folder / "reader.conf"
    config.write_text(control_plane.kubeconfig_for("127.0.0.1", "reader", ()))
    (smoke.folder / "storage.yml").write_text(STORAGE % config)
    ran = smoke.applied("--consumer", "emptydir")
    assert (ran.code, ran.out) == (1, "")
    assert "forbidden" in ran.err
    assert "Traceback" not in ran.err


@pytest.fixture
def over_ssh(smoke, control_plane, fresh_fleet):
    """The same, with kubectl on a control plane over SSH."""
    machine = fresh_fleet[0]
    machine.run(
        "mkdir -p /etc/kubernetes && umask 077 && cat >/etc/kubernetes/admin.conf",
        check=True,
        stdin=control_plane.kubeconfig_for(box_address(machine)),
    )
    machine.run(
        "cat >/usr/local/bin/kubectl && chmod 0755 /usr/local/bin/kubectl",
        check=True,
        stdin=control_plane.kubectl_program.read_bytes(),
    )
    storage = {"kubernetes": {"version": "1.33", "kubectl": {"on": machine.name}}}
    write_inventory(smoke.folder, {"kube_control_plane": [machine]}, yaml.safe_dump(storage))
    return smoke, machine


def test_over_ssh_an_interrupted_run_cleans_up(over_ssh):
    """What kubectl on the other machine was busy with does not come after the cleaning."""
    smoke, machine = over_ssh
    running = smoke.start("--volume", "pv1")
    smoke.pod_is_there()
    running.send_signal(signal.SIGINT)
    ran = ended(running)
    assert (ran.code, only(ran)["message"]) == (1, "the run was interrupted"), str(ran)
    assert f"connecting to {machine.name}" in ran.err
    assert smoke.objects() == []
    smoke.api.wait_for_phase("pv", "pv1", "Available")


def test_a_lost_connection_is_made_again_to_clean_up(over_ssh):
    """The trial has failed with the connection, and yet nothing of it stays, and the volume is as before."""
    smoke, machine = over_ssh
    running = smoke.start("--volume", "pv1")
    smoke.pod_is_there()
    machine.run("pkill -o -f '^sshd: root@notty' || pkill -f '^sshd: .*@notty'")
    ran = ended(running)
    assert ran.code == 1
    assert only(ran)["ok"] is False
    assert "connecting again" in ran.err
    assert smoke.objects() == []
    smoke.api.wait_for_phase("pv", "pv1", "Available")
