"""From two bare machines and one declaration to a file on an NFS server that pods have written and read."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.lab.command import ROOT, Ran, command_line, environment, mountwright
from tests.lab.inventory_files import write_inventory
from tests.lab.kubernetes.node_image import IMAGE

pytestmark = [pytest.mark.lab, pytest.mark.vm]

STORAGE = """\
kubernetes:
  version: "1.33"
  kubectl: {{local: {{kubeconfig: {kubeconfig}}}}}
  smoke: {{image: "{image}", pull_policy: Never}}
nfs:
  servers: nfs_servers
  clients: kube_node
  external: {{elsewhere: {server}}}
  exports:
    - path: /srv/nfs/pv1
      owner: nobody
      mode: "0777"
      clients: {{10.77.0.0/24: [rw, sync, no_subtree_check]}}
    - path: /srv/nfs/private
      owner: root
      mode: "0755"
      clients: {{10.77.0.0/24: [rw, sync, no_subtree_check]}}
  volumes:
    - {{name: pv1, export: /srv/nfs/pv1, capacity: 1Gi, access_modes: [ReadWriteMany], storage_class: nfs}}
    - {{name: pv2, export: /srv/nfs/pv1, subdir: two, capacity: 1Gi, access_modes: [ReadWriteOnce], storage_class: a}}
    - {{name: private, export: /srv/nfs/private, capacity: 1Gi, access_modes: [ReadWriteMany], storage_class: nfs}}
    - name: nowhere
      server: elsewhere
      export: /srv/nfs/nowhere
      capacity: 1Gi
      access_modes: [ReadWriteMany]
      storage_class: nfs
"""


class Provisioned:
    """Machines and a cluster that `site` has made as declared."""

    def __init__(self, lab, folder):
        self.lab = lab
        server, node = lab["nfs1"], lab["node1"]
        text = STORAGE.format(kubeconfig=lab.cluster.kubeconfig, image=IMAGE, server=server.lan_address)
        self.inventory = write_inventory(
            folder / "inventory",
            {"nfs_servers": [server], "kube_node": [node]},
            text,
            host_vars={each.name: {"ip": each.lan_address} for each in (server, node)},
        )
        self.path = f"{lab.cluster.program.parent}:{environment()['PATH']}"

    def run(self, task, *options):
        return mountwright(task, "-i", self.inventory, "-f", "json", *options, PATH=self.path)

    def smoke(self, *options):
        """How a run in the cluster ended, and its one trial."""
        ran = self.run("k8s.smoke", "--apply", *options)
        assert ran.out, ran
        (trial,) = ran.document["smokes"]
        return ran, trial

    def start(self, *options):
        command = command_line("k8s.smoke", "-i", self.inventory, "-f", "json", "--apply", *options)
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(PATH=self.path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture(scope="module")
def provisioned(_node_lab, tmp_path_factory):
    _node_lab.reset()
    made = Provisioned(_node_lab, tmp_path_factory.mktemp("end-to-end"))
    ran = made.run("site")
    assert ran.code == 0, str(ran)
    yield made
    _node_lab.cluster.clear()


def files(server):
    """What trials have on the server now: each file's content."""
    return server.text("cat /srv/nfs/pv1/.mountwright-smoke-* 2>/dev/null || true").split("\n")


def test_a_pod_writes_and_another_reads_and_the_file_is_on_the_server(provisioned):
    """The file that a pod writes through a PersistentVolume is seen on the server; afterwards nothing is left."""
    server = provisioned.lab["nfs1"]
    running = provisioned.start("--volume", "pv1")
    seen = []
    while running.poll() is None:
        seen += [line for line in files(server) if line]
        time.sleep(0.3)
    out, err = running.communicate()
    ran = Ran(running.returncode, out, err)
    assert ran.code == 0, str(ran)
    (trial,) = ran.document["smokes"]
    assert [(step["name"], step["ok"]) for step in trial["steps"]] == [
        ("write", True),
        ("read", True),
        ("clean up", True),
    ]
    assert {step["node"] for step in trial["steps"][:2]} == {"node1"}
    assert trial["notes"] == []
    assert len(set(seen)) == 1
    assert seen[0].startswith("written by smoke-")
    assert files(server) == [""]
    provisioned.lab.cluster.wait_for_phase("pv", "pv1", "Available")


def test_what_is_kept_is_on_the_server(provisioned):
    """With --keep the file stays for everybody to look at, and is said to."""
    server = provisioned.lab["nfs1"]
    ran, trial = provisioned.smoke("--export", "/srv/nfs/pv1", "--keep")
    assert trial["ok"] is True, str(ran)
    (note,) = trial["notes"]
    (content,) = files(server)
    assert content.removeprefix("written by ") in note
    server.run("rm /srv/nfs/pv1/.mountwright-smoke-*", check=True)
    command = ran.document["notes"][0].removeprefix("all was kept: kubectl ").removesuffix(" deletes it")
    provisioned.lab.cluster.kubectl(*command.split(), timeout=120)


TRIALS = {
    "deployment": ["--volume", "pv1", "--consumer", "deployment"],
    "statefulset": ["--volume", "pv2", "--consumer", "statefulset"],
    "emptydir": ["--consumer", "emptydir"],
    "hostpath": ["--consumer", "hostpath"],
    "private": ["--volume", "private"],
    "nowhere": ["--volume", "nowhere", "--timeout", "60"],
    "image": ["--consumer", "emptydir", "--image", "mountwright.test/nothing:1"],
}


@pytest.fixture(scope="module")
def trials(provisioned):
    """All trials of these tests, several at the same time: a kubelet takes its time to end a pod."""
    with ThreadPoolExecutor(4) as pool:
        runs = {name: pool.submit(provisioned.smoke, *options) for name, options in TRIALS.items()}
    return {name: run.result() for name, run in runs.items()}


@pytest.mark.parametrize(("consumer", "volume"), [("deployment", "pv1"), ("statefulset", "pv2")])
def test_a_workload_finds_what_its_former_pod_has_written(provisioned, trials, consumer, volume):
    """Its pod is replaced, and the new one reads the file of the old one, which is then gone."""
    ran, trial = trials[consumer]
    assert trial["ok"] is True, str(ran)
    assert provisioned.lab["nfs1"].text("find /srv/nfs -name '.mountwright-*'") == ""
    provisioned.lab.cluster.wait_for_phase("pv", volume, "Available")


@pytest.mark.parametrize("consumer", ["emptydir", "hostpath"])
def test_the_nodes_own_storage(provisioned, trials, consumer):
    """Two containers of a pod share an emptyDir; two pods a directory of their node, where nothing is left."""
    ran, trial = trials[consumer]
    assert trial["ok"] is True, str(ran)
    assert provisioned.lab["node1"].text("find /var/tmp -name '.mountwright-*'") == ""


def test_a_directory_that_the_pods_user_may_not_write_to(provisioned, trials):
    """What the container said is told, and what to look at; the claim's volume is given back, without a file."""
    ran, trial = trials["private"]
    assert trial["ok"] is False, str(ran)
    assert "Permission denied" in trial["message"]
    assert "--user" in trial["remedy"]
    assert trial["steps"][0]["node"] == "node1"
    assert trial["notes"] == []
    provisioned.lab.cluster.wait_for_phase("pv", "private", "Available")


def test_a_path_that_the_server_does_not_export(trials):
    """The kubelet's words about the mount are told, with its event, and where to look."""
    ran, trial = trials["nowhere"]
    assert trial["ok"] is False, str(ran)
    assert "the node can't mount it: " in trial["message"]
    assert "access denied by server while mounting" in trial["message"]
    assert "inv nfs.server" in trial["remedy"]
    assert any(event["reason"] == "FailedMount" for event in trial["events"])
    assert trial["notes"] == []


def test_an_image_that_the_node_does_not_have(trials):
    """It is not waited for until the time is over, and --image is the way out."""
    ran, trial = trials["image"]
    assert trial["ok"] is False, str(ran)
    assert trial["message"].startswith("the image mountwright.test/nothing:1 can't be had: ErrImageNeverPull")
    assert "--image" in trial["remedy"]


def test_nothing_is_left(provisioned, trials):
    """After all of it there is no object of a run in the cluster."""
    assert trials
    kinds = "namespaces,deployments,statefulsets,services,pods,persistentvolumeclaims"
    found = provisioned.lab.cluster.get(kinds, "--all-namespaces", "--selector=mountwright/smoke")
    assert found["items"] == []
