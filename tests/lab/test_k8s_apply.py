"""k8s.apply, k8s.diff and the cluster's stage of site, against a real API server."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.lab.command import mountwright
from tests.lab.inventory_files import write_inventory
from tests.lab.kubernetes.control_plane import box_address

pytestmark = pytest.mark.lab

KINDS = "pv,pvc,sc,secret,configmap,namespace"
KEY = "AQBkeyThatNobodyMaySee=="


def volume(name="pv1", **more):
    """The declaration of a volume on a filer."""
    path = more.pop("path", f"/srv/{name}")
    base = {"name": name, "capacity": "1Gi", "access_modes": ["ReadWriteOnce"], "storage_class": "files"}
    return {**base, "source": {"nfs": {"server": "192.0.2.10", "path": path}}, **more}


def everything():
    """One of each kind, so that each has been applied, compared and found unchanged once."""
    return {
        "namespaces": [{"name": "media", "labels": {"team": "films"}}],
        "secrets": [
            {
                "name": "key",
                "namespace": "media",
                "values": {"userID": {"plain": "kubernetes"}, "userKey": {"env": "MW_TEST_KEY"}},
            }
        ],
        "config_maps": [{"name": "settings", "namespace": "media", "data": {"config.json": {"json": [1, 2]}}}],
        "classes": [{"name": "files", "provisioner": "kubernetes.io/no-provisioner", "binding": "Immediate"}],
        "volumes": [
            volume("pv1", labels={"tier": "slow"}, mount_options=["hard", "nfsvers=4.1"], capacity="1024Mi"),
            volume("pv2", access_modes=["ReadWriteMany", "ReadOnlyMany"], capacity="5Gi"),
        ],
        "claims": [
            {
                "name": "data",
                "namespace": "media",
                "capacity": "1Gi",
                "access_modes": ["ReadWriteOnce"],
                "storage_class": "files",
                "volume": "pv1",
            }
        ],
    }


@dataclass
class Site:
    """An inventory without hosts, whose kubectl runs on this machine."""

    folder: Path
    api: object
    key: str = KEY

    def declare(self, **sections):
        """Write storage.yml; an empty section is left out."""
        kubectl = {"local": {"kubeconfig": str(self.api.kubeconfig)}}
        kubernetes = {
            "version": "1.20",
            "kubectl": kubectl,
            **{key: value for key, value in sections.items() if value},
        }
        (self.folder / "storage.yml").write_text(yaml.safe_dump({"kubernetes": kubernetes}, sort_keys=False))

    def run(self, task, *options):
        path = f"{self.api.program.parent}:/usr/local/bin:/usr/bin:/bin"
        return mountwright(task, "-i", self.folder, *options, PATH=path, MW_TEST_KEY=self.key, HOME=str(self.folder))

    def apply(self, *options, task="k8s.apply"):
        """Run it and return its part of the JSON document, and its exit code."""
        ran = self.run(task, "--format", "json", *options)
        assert ran.out, ran
        host = ran.document["hosts"]["localhost"]
        return ran.code, host

    def changes(self, *options, task="k8s.apply"):
        """What it changed, without error."""
        code, host = self.apply(*options, task=task)
        assert host["error"] is None, host["error"]
        assert code in (0, 2)
        return [change["summary"] for change in host["changes"]]

    def state(self):
        """Every object of the cluster, whole: any write to one changes its resourceVersion."""
        return {
            (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]): each
            for each in self.api.get(KINDS, "--all-namespaces")["items"]
        }


@pytest.fixture
def site(api, tmp_path):
    folder = tmp_path / "production"
    folder.mkdir()
    (folder / "hosts.yml").write_text("all: {hosts: {idle: {ansible_host: 192.0.2.1}}}\n")
    return Site(folder, api)


def test_apply_twice(site):
    """All kinds are made in one run; the second changes nothing, nor does a third of `site`."""
    site.declare(**everything())
    assert site.changes() == [
        "create Namespace/media",
        "create Secret/media/key",
        "create ConfigMap/media/settings",
        "create StorageClass/files",
        "create PersistentVolume/pv1",
        "create PersistentVolume/pv2",
        "create PersistentVolumeClaim/media/data",
    ]
    assert base64.b64decode(site.api.get("secret", "key", "-n", "media")["data"]["userKey"]).decode() == KEY
    site.api.wait_for_phase("pvc", "data", "Bound", namespace="media")
    before = site.state()
    for task in ("k8s.apply", "site"):
        code, host = site.apply(task=task)
        assert (code, host["status"], host["changes"], host.get("remarks")) == (0, "unchanged", [], None)
    assert site.state() == before


def test_one_label_is_one_change(site):
    """In the report and on the server; a label that is declared no longer goes, one of somebody else's stays."""
    declared = everything()
    site.declare(**declared)
    site.changes()
    site.api.kubectl("label", "pv", "pv1", "theirs=stays")
    before = site.state()
    declared["volumes"][0]["labels"] = {"tier": "fast"}
    site.declare(**declared)
    assert site.changes() == ["change PersistentVolume/pv1: metadata.labels.tier slow -> fast"]
    after = site.state()
    assert [key for key in after if after[key] != before[key]] == [("PersistentVolume", None, "pv1")]
    del declared["volumes"][0]["labels"]
    site.declare(**declared)
    assert site.changes() == ["change PersistentVolume/pv1: remove metadata.labels.tier"]
    labels = site.api.get("pv", "pv1")["metadata"]["labels"]
    assert labels["theirs"] == "stays"
    assert "tier" not in labels


def test_check_mode_changes_nothing_on_the_server(site):
    """k8s.apply --check and k8s.diff say what would change, with exit code 2, and write nothing at all."""
    declared = everything()
    site.declare(volumes=declared["volumes"][:1])
    site.changes()
    site.declare(**{**declared, "volumes": [volume("pv1", capacity="2Gi"), volume("pv2")]})
    before = site.state()
    code, host = site.apply("--check")
    assert (code, host["status"]) == (2, "planned")
    ran = site.run("k8s.diff")
    assert ran.code == 2
    assert "-    storage: 1Gi\n" in ran.out
    assert "+    storage: 2Gi\n" in ran.out
    assert "create Namespace/media" in ran.out
    assert site.state() == before
    site.declare(volumes=declared["volumes"][:1])
    assert site.run("k8s.diff").code == 0


def test_immutable_fields_stop_everything(site):
    """Each is said with its place and what to do, and what could have been changed is left as it is too."""
    declared = everything()
    site.declare(**declared)
    site.changes()
    site.api.wait_for_phase("pvc", "data", "Bound", namespace="media")
    before = site.state()
    declared["classes"][0]["binding"] = "WaitForFirstConsumer"
    declared["volumes"] = [volume("pv1", path="/elsewhere"), volume("pv2", path="/other", labels={"new": "label"})]
    declared["claims"][0]["access_modes"] = ["ReadWriteMany"]
    declared["namespaces"][0]["labels"] = {"team": "music"}
    site.declare(**declared)
    for options in ((), ("--check",), ("--force-conflicts",)):
        code, host = site.apply(*options)
        assert (code, host["status"], host["changes"]) == (1, "failed", [])
        said = "\n".join([host["error"]["message"], *host["error"]["output"]])
        assert "volumeBindingMode can't be changed" in said
        assert "its source (spec.nfs.path) can't be changed" in said
        assert "it is bound to media/data" in said
        assert "kubectl delete pv pv2" in said
        assert "its accessModes can't be changed" in said
        assert "storage.yml:" in said
    assert site.state() == before


def test_what_only_the_api_server_knows_stops_everything_too(site):
    """A claim of a class that does not expand: the rehearsal finds it, before the first change."""
    declared = everything()
    site.declare(**declared)
    site.changes()
    site.api.wait_for_phase("pvc", "data", "Bound", namespace="media")
    before = site.state()
    declared["claims"][0]["capacity"] = "2Gi"
    declared["volumes"][1]["labels"] = {"new": "label"}
    site.declare(**declared)
    code, host = site.apply()
    assert (code, host["changes"]) == (1, [])
    assert "nothing was changed" in host["error"]["message"]
    assert "only dynamically provisioned pvc can be resized" in "\n".join(host["error"]["output"])
    assert site.state() == before


def test_what_fails_in_the_middle_is_told_from_what_was_done(site):
    """In a namespace that the same run makes nothing can be rehearsed; what was applied is reported all the same."""
    maps = [
        {"name": name, "namespace": "media", "data": {"key": text}}
        for name, text in (("a-good", "x"), ("b-huge", "x" * 1_100_000), ("c-good", "x"))
    ]
    site.declare(namespaces=[{"name": "media"}], config_maps=maps)
    code, host = site.apply()
    assert (code, [change["summary"] for change in host["changes"]]) == (
        1,
        ["create Namespace/media", "create ConfigMap/media/a-good", "create ConfigMap/media/c-good"],
    )
    assert host["error"]["resource"] == "kubernetes:ConfigMap/media/b-huge"
    assert "Too long" in "\n".join(host["error"]["output"])
    site.declare(namespaces=[{"name": "media"}], config_maps=[maps[0], maps[2]])
    assert site.changes() == []


def test_another_field_manager(site):
    """A conflict names the manager and the field; it is won only when that is asked for, and then for good."""
    site.declare(volumes=[volume("pv1", labels={"tier": "slow"})])
    site.changes()
    site.api.kubectl("label", "--overwrite", "pv", "pv1", "tier=theirs")
    before = site.state()
    code, host = site.apply()
    assert (code, host["changes"]) == (1, [])
    assert "metadata.labels.tier is kubectl-label's" in host["error"]["message"]
    assert "--force-conflicts" in host["error"]["message"]
    assert host["error"]["output"] == ["metadata.labels.tier theirs -> slow"]
    assert site.state() == before
    code, host = site.apply("--force-conflicts")
    assert (code, host["changes"][0]["notes"]) == (0, ["metadata.labels.tier is taken over from kubectl-label"])
    assert site.api.get("pv", "pv1")["metadata"]["labels"]["tier"] == "slow"
    assert site.changes() == []


def test_objects_of_kubectl_apply_are_taken_over(site):
    """What was made by hand and is the same is ours without a fight, and not a word about what it has besides."""
    manifest = yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": "pv1", "annotations": {"by": "hand"}},
            "spec": {
                "capacity": {"storage": "1Gi"},
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "files",
                "nfs": {"server": "192.0.2.10", "path": "/srv/pv1"},
            },
        }
    )
    site.api.kubectl("apply", "-f", "-", stdin=manifest)
    site.declare(volumes=[volume("pv1")])
    assert site.changes() == ["change PersistentVolume/pv1: add metadata.labels"]
    assert site.changes() == []
    assert site.api.get("pv", "pv1")["metadata"]["annotations"]["by"] == "hand"


def test_a_missing_namespace_is_said_before_anything_changes(site):
    """Neither declared nor there; what else was declared is not applied."""
    declared = everything()
    declared["namespaces"] = [{"name": "media", "existing": True}]
    site.declare(**declared)
    before = site.state()
    code, host = site.apply()
    assert (code, host["changes"]) == (1, [])
    assert "the namespace media does not exist" in host["error"]["message"]
    assert site.state() == before


def test_a_secret_is_seen_nowhere(site):
    """Neither the old nor the new value, plain or in base64, in any output, also when the API refuses it."""
    declared = everything()
    declared["config_maps"] = []
    outputs = []
    for key in (KEY, "AQBanotherKeyThatNobodyMaySee=="):
        site.key = key
        site.declare(**declared)
        calls = (("k8s.diff",), ("k8s.apply", "--check", "--diff", "--format", "json"), ("site", "--diff"))
        outputs += [str(site.run(*call)) for call in calls]
        assert base64.b64decode(site.api.get("secret", "key", "-n", "media")["data"]["userKey"]).decode() == key
    declared["secrets"][0]["type"] = "kubernetes.io/other"
    site.declare(**declared)
    outputs.append(str(site.run("k8s.apply", "--diff")))
    assert "its type can't be changed" in outputs[-1]
    everything_said = "\n".join(outputs)
    assert "userKey: '********'" in everything_said
    assert "(another value)" in everything_said
    for value in (KEY, "AQBanotherKeyThatNobodyMaySee=="):
        for form in (
            value,
            base64.b64encode(value.encode()).decode(),
            base64.b64encode(value.encode())[:-4].decode(),
        ):
            assert form not in everything_said


def test_leftovers_are_listed_and_pruned_when_asked(site):
    """Of two that are declared no longer, the one in use stays with its reason; another inventory's are not ours."""
    other = Site(site.folder.parent / "staging", site.api)
    other.folder.mkdir()
    (other.folder / "hosts.yml").write_text("all: {hosts: {idle: {ansible_host: 192.0.2.1}}}\n")
    other.declare(volumes=[volume("pv-staging")])
    other.changes()
    site.api.kubectl("create", "namespace", "by-hand")
    declared = everything()
    site.declare(**declared)
    site.changes()
    site.api.wait_for_phase("pvc", "data", "Bound", namespace="media")
    declared["volumes"] = []
    site.declare(**declared)
    before = site.state()
    for task in ("k8s.apply", "k8s.diff", "site"):
        code, host = site.apply(task=task)
        assert (code, host["status"], host["changes"]) == (0, "unchanged", [])
        assert host["remarks"] == [
            "PersistentVolume/pv2 is no longer declared; k8s.apply --prune would remove it",
            "PersistentVolume/pv1 is no longer declared; k8s.apply --prune would keep it: it is bound to media/data",
        ]
    assert "pv2 is no longer declared" in site.run("k8s.apply").out
    code, host = site.apply("--prune", "--check")
    assert (code, [change["summary"] for change in host["changes"]]) == (
        2,
        ["remove what is no longer declared: PersistentVolume/pv2"],
    )
    assert site.state() == before
    code, host = site.apply("--prune")
    assert (code, host["status"]) == (0, "changed")
    assert host["changes"][0]["diff"].endswith("-PersistentVolume/pv2\n")
    assert host["remarks"] == ["PersistentVolume/pv1 is no longer declared, but kept: it is bound to media/data"]
    gone = before.keys() - site.state().keys()
    assert gone == {("PersistentVolume", None, "pv2")}


def test_all_that_hangs_together_is_pruned_together(site):
    """A claim and the volume that it is bound to, their class, and the namespace that is then empty: one run."""
    site.declare(**everything())
    site.changes()
    site.api.wait_for_phase("pvc", "data", "Bound", namespace="media")
    site.declare()
    assert len(site.changes("--prune")) == 1
    left = [key for key in site.state() if key[2] in ("pv1", "pv2", "data", "files", "key", "settings", "media")]
    assert left == []
    assert site.changes("--prune") == []


def test_what_is_in_use_is_not_pruned(site):
    """A claim of a pod, a class of somebody's claim, a Secret that a volume refers to, a namespace with a guest."""
    declared = everything()
    declared["volumes"].append(
        volume("pv-csi", source={"csi": {"driver": "x.example.com", "volumeHandle": "h",
               "nodeStageSecretRef": {"name": "key", "namespace": "media"}}})
    )  # fmt: skip
    site.declare(**declared)
    site.changes()
    site.api.wait_for_phase("pvc", "data", "Bound", namespace="media")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "user", "namespace": "media"},
        "spec": {
            "containers": [
                {
                    "name": "a",
                    "image": "mountwright.test/none:1",
                    "envFrom": [{"configMapRef": {"name": "settings"}}],
                    "volumeMounts": [{"name": "d", "mountPath": "/d"}],
                }
            ],
            "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}],
        },
    }
    site.api.kubectl("create", "-f", "-", stdin=json.dumps(pod))
    site.declare(volumes=[each for each in declared["volumes"] if each["name"] == "pv-csi"])
    code, host = site.apply("--prune")
    assert (code, host["status"]) == (0, "changed")
    kept = dict(line.split(" is no longer declared, but kept: ") for line in host["remarks"])
    assert kept == {
        "ConfigMap/media/settings": "the pod media/user uses it",
        "Namespace/media": kept["Namespace/media"],
        "PersistentVolume/pv1": "it is bound to media/data",
        "PersistentVolumeClaim/media/data": "the pod media/user uses it",
        "Secret/media/key": "the volume pv-csi refers to it",
        "StorageClass/files": "the volume pv-csi is of this class",
    }
    assert "it is not empty" in kept["Namespace/media"]
    assert [change["diff"].splitlines()[3:] for change in host["changes"]] == [["-PersistentVolume/pv2"]]
    assert site.apply("--prune")[1]["changes"] == []


def test_a_reservation_that_was_taken_is_not_taken_away(site):
    """claimRef belongs to the binding then; a declaration that no longer says it changes nothing, nor breaks it."""
    reserved = volume("pv1", claim="default/mine")
    site.declare(volumes=[reserved])
    site.changes()
    claim = {"name": "mine", "capacity": "1Gi", "access_modes": ["ReadWriteOnce"], "storage_class": "files"}
    site.declare(volumes=[reserved], claims=[claim])
    site.changes()
    site.api.wait_for_phase("pvc", "mine", "Bound")
    site.declare(volumes=[volume("pv1")], claims=[claim])
    assert site.changes() == []
    site.declare(volumes=[volume("pv1", labels={"a": "b"})], claims=[claim])
    assert site.changes() == ["change PersistentVolume/pv1: add metadata.labels.a b"]
    reference = site.api.get("pv", "pv1")["spec"]["claimRef"]
    assert (reference["name"], reference["namespace"]) == ("mine", "default")
    assert site.api.phase("pvc", "mine") == "Bound"


def test_no_api_server_is_one_clear_error(site):
    """The host's failure, with what it means, and nothing else."""
    site.declare(volumes=[volume()])
    storage = site.folder / "storage.yml"
    config = site.folder / "nowhere.conf"
    text = Path(site.api.kubeconfig).read_text()
    port = text.split("https://127.0.0.1:")[1].split()[0]
    config.write_text(text.replace(f":{port}", ":1"))
    storage.write_text(storage.read_text().replace(str(site.api.kubeconfig), str(config)))
    code, host = site.apply()
    assert (code, host["status"]) == (1, "failed")
    assert any("nothing listens at the API server's address" in line for line in host["error"]["output"])
    assert len(host["error"]["output"]) == 2


def test_from_a_control_plane_over_ssh(api, control_plane, fresh_fleet, tmp_path):
    """kubectl runs on the first host of the group, with its admin.conf; what --limit leaves out is left out."""
    first, second = fresh_fleet[0], fresh_fleet[1]
    first.run(
        "mkdir -p /etc/kubernetes && cat >/etc/kubernetes/admin.conf && chmod 0600 /etc/kubernetes/admin.conf",
        check=True,
        stdin=control_plane.kubeconfig_for(box_address(first)),
    )
    first.run(
        "cat >/usr/local/bin/kubectl && chmod 0755 /usr/local/bin/kubectl",
        check=True,
        stdin=control_plane.kubectl_program.read_bytes(),
    )
    kubernetes = {"version": "1.20", "kubectl": {"on": "kube_control_plane"}, **everything()}
    folder = write_inventory(
        tmp_path / "lab",
        {"kube_control_plane": [first, second]},
        yaml.safe_dump({"kubernetes": kubernetes}, sort_keys=False),
    )

    def run(task, *options):
        return mountwright(task, "-i", folder, *options, MW_TEST_KEY=KEY)

    refused = run("k8s.apply", "--limit", second.name)
    assert refused.code == 1
    assert f"leaves out {first.name}" in refused.err
    left_out = run("site", "--limit", second.name)
    assert (left_out.code, "--limit leaves out where kubectl runs" in left_out.out) == (0, True)
    made = run("site", "--format", "json")
    assert made.code == 0, made
    assert made.statuses == {first.name: "changed"}
    assert len(made.document["hosts"][first.name]["changes"]) == 7
    again = run("k8s.apply", "--format", "json")
    assert (again.code, again.statuses) == (0, {first.name: "unchanged"})
    assert {"pv1", "pv2"} <= {each["metadata"]["name"] for each in api.get("pv")["items"]}
    first.run("mv /usr/local/bin/kubectl /root/", check=True)
    missing = run("k8s.apply")
    assert missing.code == 1
    assert "kubectl is missing here" in missing.out
