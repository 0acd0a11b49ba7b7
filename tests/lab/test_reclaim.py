"""`k8s.reclaim` on a real API server: Released, reclaimed, Available, bound again."""

from __future__ import annotations

import json

import pytest

from mountwright.errors import HostError
from mountwright.kubernetes.kubectl import Access, Kubectl
from mountwright.kubernetes.reclaim import carry_out, look
from mountwright.local_transport import LocalTransport
from tests.lab.command import mountwright

pytestmark = pytest.mark.lab

VOLUME = """\
apiVersion: v1
kind: PersistentVolume
metadata: {name: pv0001}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: nfs
  persistentVolumeReclaimPolicy: POLICY
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


class Operator:
    """Someone with an inventory whose kubectl runs on this machine."""

    def __init__(self, api, folder):
        self.api = api
        self.folder = folder
        (folder / "hosts.yml").write_text("all: {}\n")
        settings = json.dumps({"local": {"kubeconfig": str(api.kubeconfig)}})
        (folder / "storage.yml").write_text(f'kubernetes: {{version: "1.20", kubectl: {settings}}}\n')

    def run(self, task, *arguments):
        path = f"{self.api.program.parent}:/usr/local/bin:/usr/bin:/bin"
        return mountwright(task, *arguments, "-i", self.folder, PATH=path, HOME=str(self.folder))

    def reclaim(self, *arguments, volume="pv0001"):
        return self.run("k8s.reclaim", volume, *arguments)

    def volume(self):
        return self.api.get("pv", "pv0001")


@pytest.fixture
def operator(api, tmp_path):
    return Operator(api, tmp_path)


@pytest.fixture
def released(operator):
    """A volume whose claim has been deleted."""
    api = operator.api
    api.apply(VOLUME.replace("POLICY", "Retain"))
    api.apply(CLAIM)
    api.wait_for_phase("pvc", "data", "Bound")
    api.kubectl("delete", "pvc", "data")
    api.wait_for_phase("pv", "pv0001", "Released")
    return operator


def test_released_reclaimed_available_bound_again(released):
    """A claim finds nothing while the volume is Released, and has it as soon as the volume is reclaimed."""
    api = released.api
    api.apply(CLAIM.replace("name: data", "name: next"))
    bind = released.run("k8s.bind", "--live", "-f", "json")
    assert bind.document["claims"][0]["volume"] is None
    assert "is Released" in bind.document["claims"][0]["reasons"]["pv0001"]
    api.kubectl("delete", "pvc", "next")

    ran = released.reclaim()
    assert ran.code == 0, ran
    assert "pv0001 is Released: its claim default/data is gone" in ran.out
    assert "its data: NFS 192.0.2.10:/srv/nfs/pv1; not touched" in ran.out
    assert "now pv0001 is Available" in ran.out
    assert "claimRef" not in released.volume()["spec"]
    assert released.volume()["status"]["phase"] == "Available"

    api.apply(CLAIM.replace("name: data", "name: other"))
    api.wait_for_phase("pvc", "other", "Bound")
    assert released.volume()["spec"]["claimRef"]["name"] == "other"


def test_keep_reservation_keeps_it_for_a_claim_of_the_same_name(released):
    """Another claim does not get it; a new one of the old name does."""
    api = released.api
    ran = released.reclaim("--keep-reservation")
    assert ran.code == 0, ran
    assert "now pv0001 is Available, reserved for default/data" in ran.out
    volume = released.volume()
    reference = volume["spec"]["claimRef"]
    assert (reference["namespace"], reference["name"]) == ("default", "data")
    assert not {"uid", "resourceVersion"} & reference.keys()
    assert "pv.kubernetes.io/bound-by-controller" not in volume["metadata"].get("annotations", {})

    api.apply(CLAIM.replace("name: data", "name: other"))
    bind = released.run("k8s.bind", "--live", "-f", "json")
    assert bind.document["claims"] == [
        {"claim": "default/other", "volume": None, "reasons": {"pv0001": "is reserved for default/data"}}
    ]
    api.apply(CLAIM)
    api.wait_for_phase("pvc", "data", "Bound")
    assert api.phase("pvc", "other") == "Pending"


def test_a_claim_that_waits_takes_it_at_once(released):
    """It is Bound before anybody can see it Available, which is no failure."""
    released.api.apply(CLAIM.replace("name: data", "name: waiting"))
    ran = released.reclaim()
    assert ran.code == 0, ran
    released.api.wait_for_phase("pvc", "waiting", "Bound")


def test_check_mode_changes_nothing(released):
    """Exit code 2, the diff of the claimRef, and the volume is the very same object."""
    before = released.volume()
    ran = released.reclaim("--check", "--diff")
    assert ran.code == 2, ran
    assert "would change" in ran.out
    assert "-  name: data" in ran.out
    assert released.volume() == before


def test_json_is_the_document_of_hosts(released):
    """One document on stdout, all else on stderr; the second time nothing is to be done."""
    ran = released.reclaim("-f", "json")
    host = ran.document["hosts"]["localhost"]
    assert (ran.code, host["status"]) == (0, "changed")
    assert [change["resource"] for change in host["changes"]] == ["kubernetes:PersistentVolume/pv0001"]
    again = released.reclaim("-f", "json")
    assert (again.code, again.document["hosts"]["localhost"]["status"]) == (0, "unchanged")


def test_a_bound_volume_is_refused(operator):
    """It says by which claim, and the volume stays as it is."""
    api = operator.api
    api.apply(VOLUME.replace("POLICY", "Retain"))
    api.apply(CLAIM)
    api.wait_for_phase("pv", "pv0001", "Bound")
    before = operator.volume()
    ran = operator.reclaim()
    assert ran.code == 1
    assert "pv0001 is Bound to the claim default/data" in ran.out
    assert operator.volume() == before


def test_a_failed_volume_is_refused(operator):
    """NFS has no deleter: with the policy Delete the controller gives up, and its reason is told."""
    api = operator.api
    api.apply(VOLUME.replace("POLICY", "Delete"))
    api.apply(CLAIM)
    api.wait_for_phase("pvc", "data", "Bound")
    api.kubectl("delete", "pvc", "data")
    api.wait_for_phase("pv", "pv0001", "Failed")
    ran = operator.reclaim()
    assert ran.code == 1
    assert "pv0001 is Failed" in ran.out
    assert "Delete went wrong" in ran.out


def test_a_missing_volume_is_an_error(operator):
    """And so is a name that no object can have, before anything is asked."""
    ran = operator.reclaim(volume="pv0009")
    assert (ran.code, "there is no PersistentVolume pv0009" in ran.out) == (1, True)
    ran = operator.reclaim(volume="PV 1")
    assert (ran.code, "is no Kubernetes name" in ran.err) == (1, True)


def test_an_available_volume_is_left_alone(operator):
    """Exit code 0, and nothing to do."""
    operator.api.apply(VOLUME.replace("POLICY", "Retain"))
    operator.api.wait_for_phase("pv", "pv0001", "Available")
    before = operator.volume()
    for options in ((), ("--check",)):
        ran = operator.reclaim(*options)
        assert ran.code == 0, ran
    assert operator.volume() == before


def test_what_changes_between_look_and_change_is_not_overwritten(released):
    """The patch tests that the volume is still what was looked at: else the API server refuses all of it."""
    path = f"{released.api.program.parent}:/usr/local/bin:/usr/bin:/bin"
    kubectl = Kubectl(LocalTransport(), Access(str(released.api.kubeconfig), "", path))
    found = look(kubectl, "pv0001")
    released.api.kubectl("label", "pv", "pv0001", "seen=by-another")
    with pytest.raises(HostError, match="was not changed"):
        carry_out(kubectl, found)
    assert released.volume()["spec"]["claimRef"]["name"] == "data"
    assert released.api.phase("pv", "pv0001") == "Released"


def test_what_is_in_the_directory_is_told(released, tmp_path):
    """Of a volume of storage.yml on a server of ours; it is listed, and nothing in it is changed."""
    export = tmp_path / "export"
    export.mkdir()
    (export / "customers.db").write_text("precious")
    local = "{ansible_host: 127.0.0.1, ansible_connection: local, ansible_become: false}"
    (released.folder / "hosts.yml").write_text(
        f"nfs_servers: {{hosts: {{nfs1: {local}}}}}\nkube_node: {{hosts: {{node1: {local}}}}}\n"
    )
    storage = released.folder / "storage.yml"
    nfs = {
        "servers": "nfs_servers",
        "clients": "kube_node",
        "exports": [{"path": str(export), "clients": {"127.0.0.1": ["rw"]}}],
        "volumes": [{"name": "pv0001", "export": str(export), "capacity": "1Gi", "access_modes": ["ReadWriteOnce"]}],
    }
    storage.write_text(f"{storage.read_text()}nfs: {json.dumps(nfs)}\n")
    ran = released.reclaim("--check")
    assert ran.code == 2, ran
    assert "its data: NFS 192.0.2.10:/srv/nfs/pv1 (nfs1: it holds customers.db); not touched" in ran.out
    assert [each.name for each in export.iterdir()] == ["customers.db"]
    assert (export / "customers.db").read_text() == "precious"


def test_an_api_server_that_is_not_there(operator):
    """The host's failure with what to do, not a traceback; in JSON too."""
    kubeconfig = operator.api.kubeconfig.read_text()
    port = kubeconfig.partition("https://")[2].partition("\n")[0].rpartition(":")[2]
    elsewhere = operator.folder / "elsewhere.conf"
    elsewhere.write_text(kubeconfig.replace(f":{port}", ":1"))
    settings = json.dumps({"local": {"kubeconfig": str(elsewhere)}})
    (operator.folder / "storage.yml").write_text(f'kubernetes: {{version: "1.20", kubectl: {settings}}}\n')
    ran = operator.reclaim("-f", "json")
    assert (ran.code, ran.statuses) == (1, {"localhost": "failed"})
    assert "does it run" in ran.err
    live = operator.run("k8s.bind", "--live", "-f", "json")
    assert (live.code, live.out) == (1, "")
    assert "does it run" in live.err
