"""`inv ceph.users` on a real cluster: made, held to what is declared, put right; client.admin and keys left alone."""

from __future__ import annotations

import base64
import contextlib
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mountwright.ceph.access import Access
from mountwright.ceph.keys import strip_key
from mountwright.frames import new_nonce, probe_program
from mountwright.resources.ceph_cluster import CephCluster
from tests.lab.ceph import FILESYSTEM
from tests.lab.command import mountwright
from tests.lab.inventory_files import write_inventory

if TYPE_CHECKING:
    from tests.lab.ceph import CephCluster as RealCluster

pytestmark = pytest.mark.lab

HEAD = "ceph:\n  admin: ceph_admin\n  clients: ceph1\n"
POOLS = """\
  pools:
    - {name: images, application: rbd, pg_num: 8, size: 1, namespaces: [team-a]}
    - {name: cephfs.data, existing: true}
"""
OTHERS = """\
  filesystems:
    - {name: cephfs, subvolume_groups: [csi]}
  users:
    - {name: client.images, profile: rbd, pools: [images]}
    - {name: client.team, profile: rbd, pools: [images], namespaces: [team-a]}
    - {name: client.provisioner, profile: rbd-provisioner, pools: [images]}
    - {name: client.node, profile: rbd-node, pools: [images]}
    - {name: client.files, profile: cephfs, filesystem: cephfs, subvolume_groups: [csi]}
    - {name: client.raw, caps: {mon: allow r, osd: "allow rw pool=images, allow r pool=cephfs.data"}}
"""
IMAGES = {"mon": "profile rbd", "mgr": "profile rbd pool=images", "osd": "profile rbd pool=images"}


@dataclass(frozen=True)
class Site:
    """The inventory of a cluster."""

    folder: Path
    cluster: RealCluster

    def declare(self, storage):
        write_inventory(self.folder, {"ceph_admin": [self.cluster.machine]}, HEAD + storage)

    def run(self, *options, task="ceph.users"):
        return mountwright(task, "-i", self.folder, "--format", "json", *options)

    def changes(self, ran):
        host = ran.document["hosts"]["ceph1"]
        assert host["error"] is None, ran
        return {change["resource"]: change for change in host["changes"]}

    def error(self, ran):
        """The error of the admin host as one text."""
        assert ran.code == 1, ran
        error = ran.document["hosts"]["ceph1"]["error"]
        return "\n".join([error["message"], *error["output"]])


@pytest.fixture
def site(ceph_admin, tmp_path):
    made = Site(tmp_path / "inventory", ceph_admin)
    made.declare(POOLS + OTHERS)
    return made


def test_made_and_then_left_alone(site):
    """All is made with what was declared; the second run changes nothing; users can do what they are for."""
    first = site.run()
    assert (first.code, first.statuses) == (0, {"ceph1": "changed"}), first
    assert list(site.changes(first)) == [
        *("ceph-pool:images", "ceph-namespace:images/team-a", "ceph-subvolume-group:cephfs/csi"),
        *(f"ceph-user:client.{name}" for name in ("images", "team", "provisioner", "node", "files", "raw")),
    ]
    second = site.run()
    assert (second.code, second.statuses) == (0, {"ceph1": "unchanged"}), second
    cluster = site.cluster
    pool = cluster.pool("images")
    assert (pool["size"], list(pool["application_metadata"])) == (1, ["rbd"])
    assert cluster.caps("client.images") == IMAGES
    assert cluster.caps("client.raw") == {"mon": "allow r", "osd": "allow rw pool=images, allow r pool=cephfs.data"}
    for name in ("images", "provisioner", "node", "files"):
        assert strip_key(cluster.keys()[f"client.{name}"]).type == "aes"
    assert_images_work(cluster)
    assert_subvolumes_work(cluster)


def assert_images_work(cluster):
    """Each user of images makes, lists and removes them where it may, and is refused elsewhere."""
    keys(cluster, "images", "team", "provisioner", "node")
    for user, place in (
        ("images", "images"),
        ("team", "images/team-a"),
        ("provisioner", "images"),
        ("node", "images"),
    ):
        as_user(cluster, user, "rbd", "create", "--size", "8M", f"{place}/of-{user}")
        assert f"of-{user}" in as_user(cluster, user, "rbd", "ls", place)
        as_user(cluster, user, "rbd", "rm", "--no-progress", f"{place}/of-{user}")
    for user, place in (("images", "cephfs.data"), ("team", "images"), ("node", "cephfs.data")):
        done = cluster.run("rbd", "--id", user, "--keyring", f"/root/{user}.keyring", "ls", place)
        assert done.returncode == 1, (user, place)
        assert b"Operation not permitted" in done.stderr


def assert_subvolumes_work(cluster):
    """The user of the file system makes a subvolume in its group, as the driver does."""
    keys(cluster, "files")
    as_user(cluster, "files", "ceph", "fs", "subvolume", "create", FILESYSTEM, "one", "--group_name", "csi")
    path = as_user(cluster, "files", "ceph", "fs", "subvolume", "getpath", FILESYSTEM, "one", "--group_name", "csi")
    assert path.startswith("/volumes/csi/one/")
    as_user(cluster, "files", "ceph", "fs", "subvolume", "rm", FILESYSTEM, "one", "--group_name", "csi")


def keys(cluster, *users):
    for user in users:
        cluster.machine.run(f"umask 077; ceph auth get client.{user} >/root/{user}.keyring 2>/dev/null", check=True)


def as_user(cluster, user, program, *arguments):
    done = cluster.run(program, "--id", user, "--keyring", f"/root/{user}.keyring", *arguments)
    assert done.returncode == 0, (user, arguments, done.stderr)
    return done.stdout.decode()


def test_capabilities_changed_by_hand(site):
    """Wider, narrower or other capabilities are shown in check mode and put right; the key stays."""
    site.declare(POOLS + OTHERS)
    assert site.run().code == 0
    cluster = site.cluster
    before = cluster.keys()
    cluster.ceph("auth", "caps", "client.images", "mon", "allow *", "osd", "profile rbd pool=images, allow *")
    # the same in other words is no drift
    cluster.ceph("auth", "caps", "client.node", "osd", 'profile  rbd pool="images"', "mon", "profile rbd")
    checked = site.run("--check", "--diff")
    assert (checked.code, checked.statuses) == (2, {"ceph1": "planned"}), checked
    (change,) = site.changes(checked).values()
    assert change["resource"] == "ceph-user:client.images"
    assert "it could do more than is declared: mon 'allow *', osd 'allow *'" in str(change)
    assert "-osd: allow *\n" in change["diff"]
    assert "+mgr: profile rbd pool=images\n" in change["diff"]
    assert cluster.caps("client.images")["mon"] == "allow *"  # check mode has changed nothing
    assert site.run().statuses == {"ceph1": "changed"}
    assert cluster.caps("client.images") == IMAGES
    assert cluster.keys() == before
    assert site.run("--check").code == 0


def test_pool_drift(site):
    """Declared settings are put right where that gives nothing up; copies are never given up, and it is said."""
    site.declare("  pools:\n    - {name: images, application: rbd, pg_num: 8, autoscale: 'off', size: 1}\n")
    assert site.run().code == 0
    cluster = site.cluster
    cluster.run("ceph", "osd", "pool", "application", "disable", "images", "rbd", "--yes-i-really-mean-it")
    cluster.run("ceph", "osd", "pool", "set", "images", "pg_autoscale_mode", "on")
    (change,) = site.changes(site.run()).values()
    assert change["summary"] == "change the pool images: pg_autoscale_mode on -> off, application rbd"
    pool = cluster.pool("images")
    assert (pool["pg_autoscale_mode"], list(pool["application_metadata"])) == ("off", ["rbd"])
    site.declare("  pools:\n    - {name: images, application: rbd, pg_num: 16, size: 2, min_size: 1}\n")
    (change,) = site.changes(site.run()).values()
    assert change["summary"] == "change the pool images: pg_num 8 -> 16, size 1 -> 2"
    assert [cluster.pool("images")[key] for key in ("pg_num_target", "size", "min_size")] == [16, 2, 1]
    site.declare("  pools:\n    - {name: images, application: rbd, pg_num: 8, size: 1}\n")
    ran = mountwright("ceph.users", "-i", site.folder)
    assert ran.code == 0
    assert "`ceph osd pool set images size 1`" in ran.out + ran.err
    assert [cluster.pool("images")[key] for key in ("pg_num_target", "size")] == [16, 2]


def test_the_autoscaler_is_left_alone(site):
    """A number of placement groups that the autoscaler has chosen is no drift."""
    site.declare("  pools:\n    - {name: images, application: rbd, pg_num: 8, autoscale: 'on', size: 1}\n")
    assert site.run().code == 0
    site.cluster.ceph("osd", "pool", "set", "images", "pg_num", "4")
    assert site.run().statuses == {"ceph1": "unchanged"}


def test_client_admin_is_never_changed(site):
    """It can't be declared, and a run leaves it as it was, key and all."""
    before = (site.cluster.caps("client.admin"), site.cluster.keys()["client.admin"])
    assert site.run().code == 0
    assert (site.cluster.caps("client.admin"), site.cluster.keys()["client.admin"]) == before
    site.declare("  users:\n    - {name: client.admin, caps: {mon: allow r}}\n")
    ran = mountwright("ceph.users", "-i", site.folder)
    assert ran.code == 1
    assert "'client.admin' belongs to the cluster itself and is never changed" in ran.err


def test_a_run_that_died_half_way_is_healed(site):
    """A pool without its application, a namespace that is missing: the next run makes the rest."""
    site.cluster.ceph("osd", "pool", "create", "images", "8")
    site.cluster.ceph("auth", "add", "client.images", "mon", "profile rbd")
    ran = site.run()
    assert ran.statuses == {"ceph1": "changed"}, ran
    assert site.changes(ran)["ceph-pool:images"]["summary"].endswith("application rbd")
    assert site.cluster.caps("client.images") == IMAGES
    assert site.run().statuses == {"ceph1": "unchanged"}


def test_no_key_is_seen_anywhere(site):
    """No output, however much is asked for, no process's arguments or environment and no file of ours holds a key."""
    ran = [mountwright("ceph.users", "-i", site.folder, "--check", "--diff")]
    with Watched() as watched:
        ran += [mountwright("ceph.users", "-i", site.folder, "--diff"), site.run("--diff")]
        site.cluster.ceph("auth", "caps", "client.images", "mon", "allow *")
        ran += [site.run("--check", "--diff"), mountwright("site", "-i", site.folder, "--diff", "--check")]
    # Plain booleans: a failure must not show what it has found.
    sampled = "auth add client.images mon profile rbd" in watched.text
    assert sampled
    seen = "".join(each.out + each.err for each in ran) + watched.text
    keys = site.cluster.keys()
    assert len(keys) > 8
    shown = [name for name, key in keys.items() if any(form in seen for form in forms(key))]
    assert shown == []
    every_form = "\n".join(form for name, key in keys.items() if name != "client.admin" for form in forms(key))
    look = "grep -r -l -F -f /dev/shm/forms /etc /root /run /tmp /home /var/tmp /var/log 2>/dev/null"
    look = f"cat >/dev/shm/forms; {look}; rm /dev/shm/forms"
    found = site.cluster.machine.run(look, stdin=every_form).stdout.decode().split()
    assert found == []


def test_keys_stay_on_the_host(site):
    """What the look at the cluster sends here has every user and no key: it is taken out before it is sent."""
    assert site.run().code == 0
    probe = CephCluster.of(Access(), users=True, filesystems=[FILESYSTEM], groups=[FILESYSTEM]).probe
    done = site.cluster.machine.run("sh -s", stdin=probe_program(new_nonce(), {"look": probe}), check=True)
    sent = (done.stdout + done.stderr).decode()
    keys = site.cluster.keys()
    assert [name for name in keys if f'"{name}"' not in sent] == []
    assert [name for name, key in keys.items() if any(form in sent for form in forms(key))] == []


def forms(key):
    """The key, and what it is in base64 with and without a newline."""
    return (key, *(base64.b64encode(text.encode()).decode() for text in (key, f"{key}\n")))


class Watched:
    """Samples arguments and environment of every process on the box, those of its containers among them."""

    def __init__(self):
        self.text = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self):
        seen = set()
        while not self._stop.is_set():
            for path in (*Path("/proc").glob("[0-9]*/cmdline"), *Path("/proc").glob("[0-9]*/environ")):
                with contextlib.suppress(OSError):  # it has just ended
                    seen.add(path.read_bytes())
            time.sleep(0.02)
        self.text = "\n".join(each.replace(b"\0", b" ").decode(errors="replace") for each in seen)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
