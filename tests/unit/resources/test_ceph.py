"""Pools, users and their parts: what is planned for what a cluster answers."""

from __future__ import annotations

import json

import pytest

from mountwright.ceph.access import Access
from mountwright.errors import HostError
from mountwright.resources.base import Change, Observed, OperatingSystem, Remark
from mountwright.resources.ceph_cluster import CephCluster, CephHealth
from mountwright.resources.ceph_parts import CephFilesystem, RadosNamespace, SubvolumeGroup
from mountwright.resources.ceph_pool import CephPool, ExistingCephPool
from mountwright.resources.ceph_user import CephUser

DEBIAN = OperatingSystem("debian")
CLUSTER = CephCluster.of(Access(), users=True, namespaces=["images"], filesystems=["cephfs"], groups=["cephfs"])
BROKEN = {"status": "HEALTH_ERR", "checks": {"OSD_FULL": {"severity": "HEALTH_ERR", "summary": {"message": "full"}}}}


def pool(name="images", *, applications=("rbd",), **settings):
    """A pool as the cluster answers it."""
    plain = {"size": 3, "min_size": 2, "pg_num": 32, "pg_num_target": 32, "pg_autoscale_mode": "on"}
    return {"pool_name": name, "application_metadata": {name: {} for name in applications}, **plain, **settings}


def seen(pools=(), users=(), *, health=None, **names):
    """The answer of a cluster."""
    parts = {
        "health": health or {"status": "HEALTH_OK", "checks": {}},
        "pools": list(pools),
        "users": {"auth_dump": [{"entity": name, "key": "", "caps": caps} for name, caps in dict(users).items()]},
        "filesystems": [{"name": name} for name in names.get("filesystems", ["cephfs"])],
        "namespaces images": [{"name": name} for name in names.get("namespaces", [])],
        "groups cephfs": [{"name": name} for name in names.get("groups", [])],
    }
    return Observed(True, "".join(f"\n@{name}\n{json.dumps(part)}\n" for name, part in parts.items()).encode())


def arguments(change):
    assert isinstance(change, Change)
    return list(change.script.arguments)


def test_all_share_one_look():
    """The engine runs equal probes once: every resource of a cluster gives the very same one."""
    resources = [
        CephHealth(CLUSTER),
        CephPool("images", "rbd", CLUSTER),
        ExistingCephPool("other", CLUSTER),
        RadosNamespace("images", "a", CLUSTER),
        CephFilesystem("cephfs", CLUSTER),
        SubvolumeGroup("cephfs", "csi", CLUSTER),
        CephUser("client.a", {"mon": "allow r"}, CLUSTER),
    ]
    assert {id(each.probe()) for each in resources} == {id(CLUSTER.probe)}


class TestPool:
    """A pool that is declared."""

    wanted = CephPool("images", "rbd", CLUSTER, pg_num=32, autoscale="on", size=3, min_size=2)

    def test_missing(self):
        """It is made with all its settings; the number of placement groups is given with its making."""
        change = self.wanted.plan(seen(), DEBIAN)
        assert change.summary == "create the pool images for rbd"
        assert (change.before, change.after.splitlines()) == (
            None,
            ["pg_num: 32", "pg_autoscale_mode: on", "size: 3", "min_size: 2", "application: rbd"],
        )
        assert change.script.values["create"] is True
        assert change.script.values["pg_num"] == 32
        assert arguments(change) == ["pg_autoscale_mode", "on", "size", 3, "min_size", 2]

    def test_as_declared(self):
        """Nothing is to be done."""
        assert self.wanted.plan(seen([pool()]), DEBIAN) is None

    def test_settings_that_nobody_declared_are_left_alone(self):
        """Without a word on them the pool keeps what it has."""
        live = pool(size=1, min_size=1, pg_num=1, pg_num_target=1, pg_autoscale_mode="off")
        assert CephPool("images", "rbd", CLUSTER).plan(seen([live]), DEBIAN) is None

    def test_raised(self):
        """Copies are added; min_size, which Ceph changes along with it, is said again."""
        change = self.wanted.plan(seen([pool(size=2)]), DEBIAN)
        assert change.summary == "change the pool images: size 2 -> 3"
        assert arguments(change) == ["size", 3, "min_size", 2]

    def test_copies_are_never_given_up(self):
        """Declared with fewer copies than it has: the operator is told the command, and nothing is done."""
        remark = self.wanted.plan(seen([pool(size=4)]), DEBIAN)
        assert isinstance(remark, Remark)
        assert "`ceph osd pool set images size 3`" in remark.lines[0]

    @pytest.mark.parametrize(("live", "now"), [(16, "on"), (64, "on")])
    def test_the_autoscalers_number_is_left_alone(self, live, now):
        """Where the autoscaler is on, the number of placement groups is its business."""
        found = pool(pg_num=live, pg_num_target=live, pg_autoscale_mode=now)
        assert self.wanted.plan(seen([found]), DEBIAN) is None

    @pytest.mark.parametrize("mode", ["off", "warn"])
    def test_placement_groups_without_the_autoscaler(self, mode):
        """They are split, never merged; a pool that is on its way there is as declared."""
        wanted = CephPool("images", "rbd", CLUSTER, pg_num=32)
        fewer = pool(pg_num=16, pg_num_target=16, pg_autoscale_mode=mode)
        assert arguments(wanted.plan(seen([fewer]), DEBIAN)) == ["pg_num", 32]
        on_its_way = pool(pg_num=16, pg_num_target=32, pg_autoscale_mode=mode)
        assert wanted.plan(seen([on_its_way]), DEBIAN) is None
        more = pool(pg_num=64, pg_num_target=64, pg_autoscale_mode=mode)
        assert "`ceph osd pool set images pg_num 32`" in wanted.plan(seen([more]), DEBIAN).lines[0]

    def test_the_autoscaler_is_switched_first(self):
        """The declared mode decides whether the number counts, and is set before it."""
        wanted = CephPool("images", "rbd", CLUSTER, pg_num=64, autoscale="off")
        assert arguments(wanted.plan(seen([pool()]), DEBIAN)) == ["pg_autoscale_mode", "off", "pg_num", 64]

    def test_without_an_application(self):
        """A pool whose making was cut off gets it."""
        change = self.wanted.plan(seen([pool(applications=())]), DEBIAN)
        assert change.script.values["application"] == "rbd"
        assert change.script.values["create"] is False

    def test_of_another_application(self):
        """A file system's pool is never taken for images: the name is probably mistyped."""
        with pytest.raises(HostError, match="is there already, for cephfs"):
            self.wanted.plan(seen([pool(applications=("cephfs",))]), DEBIAN)

    @pytest.mark.parametrize("live", [(), (pool(size=2),)])
    def test_a_broken_cluster_is_left_alone(self, live):
        """In HEALTH_ERR nothing is made or changed, and what ails it is said; what is as declared is fine."""
        with pytest.raises(HostError, match="HEALTH_ERR") as raised:
            self.wanted.plan(seen(live, health=BROKEN), DEBIAN)
        assert raised.value.output == ("OSD_FULL: full",)
        assert self.wanted.plan(seen([pool()], health=BROKEN), DEBIAN) is None


def test_health():
    """An error of the cluster is said even when nothing is to be done; a warning is not our business."""
    assert CephHealth(CLUSTER).plan(seen(), DEBIAN) is None
    assert CephHealth(CLUSTER).plan(seen(health={"status": "HEALTH_WARN", "checks": {}}), DEBIAN) is None
    assert CephHealth(CLUSTER).plan(seen(health=BROKEN), DEBIAN) == Remark(
        ("the Ceph cluster is in HEALTH_ERR:", "  OSD_FULL: full")
    )


def test_existing_pool():
    """It is left as it is when it is there; where it is not, the name that was probably meant is said."""
    assert ExistingCephPool("images", CLUSTER).plan(seen([pool(applications=("cephfs",))]), DEBIAN) is None
    with pytest.raises(HostError, match="no pool image; did you mean images"):
        ExistingCephPool("image", CLUSTER).plan(seen([pool()]), DEBIAN)
    with pytest.raises(HostError, match="no pool zzz; there are images"):
        ExistingCephPool("zzz", CLUSTER).plan(seen([pool()]), DEBIAN)
    with pytest.raises(HostError, match="no pool zzz; it has none"):
        ExistingCephPool("zzz", CLUSTER).plan(seen(), DEBIAN)


class TestUser:
    """A user that is declared."""

    wanted = CephUser("client.a", {"mon": "profile rbd", "osd": "profile rbd pool=a, profile rbd pool=b"}, CLUSTER)

    def test_missing(self):
        """It is made with its capabilities, in an order of their own."""
        change = self.wanted.plan(seen(), DEBIAN)
        assert (change.summary, change.before) == ("create the user client.a", None)
        assert change.after == "mon: profile rbd\nosd: profile rbd pool=a\nosd: profile rbd pool=b\n"
        assert arguments(change) == ["mon", "profile rbd", "osd", "profile rbd pool=a, profile rbd pool=b"]
        assert change.script.values["create"] is True

    def test_the_same_in_other_words(self):
        """Nothing is to be done."""
        live = {"osd": "profile rbd pool=b,allow profile rbd pool='a'", "mon": "profile rbd"}
        assert self.wanted.plan(seen(users={"client.a": live}), DEBIAN) is None

    def test_wider(self):
        """What it could do beyond what is declared is said, at whatever kind of daemon, and taken away."""
        live = {"mon": "profile rbd", "mgr": "allow *", "osd": "profile rbd pool=a, profile rbd pool=b, allow r"}
        change = self.wanted.plan(seen(users={"client.a": live}), DEBIAN)
        assert change.summary == "change the user client.a: withdraw mgr 'allow *', withdraw osd 'allow r'"
        assert change.notes == ("it could do more than is declared: mgr 'allow *', osd 'allow r'",)
        assert "mgr" not in arguments(change)
        assert change.script.values["create"] is False

    def test_narrower(self):
        """What it lacks is granted, without a word on what it could do beyond."""
        change = self.wanted.plan(seen(users={"client.a": {"mon": "profile rbd"}}), DEBIAN)
        assert change.summary.startswith("change the user client.a: grant osd 'profile rbd pool=a', grant osd")
        assert change.notes == ()

    def test_in_a_broken_cluster(self):
        """The monitors keep users whatever the OSDs do: rights can be taken away in an emergency."""
        assert self.wanted.plan(seen(health=BROKEN), DEBIAN) is not None

    @pytest.mark.parametrize("name", ["client.admin", "client.bootstrap-osd", "osd.0", "mon.", "client.", "a", "-n"])
    def test_users_of_the_cluster_itself(self, name):
        """There is no way to manage client.admin or a daemon."""
        with pytest.raises(ValueError, match="not to be managed"):
            CephUser(name, {"mon": "allow r"}, CLUSTER)


def test_namespace():
    """Made where it is missing, also in a pool that this run makes; not in a file system's pool."""
    wanted = RadosNamespace("images", "team-a", CLUSTER)
    assert wanted.plan(seen([pool()], namespaces=["team-a"]), DEBIAN) is None
    assert isinstance(wanted.plan(seen([pool()], namespaces=["team-b"]), DEBIAN), Change)
    assert isinstance(wanted.plan(seen(), DEBIAN), Change)
    with pytest.raises(HostError, match="for cephfs, not for RBD"):
        wanted.plan(seen([pool(applications=("cephfs",))]), DEBIAN)
    with pytest.raises(HostError, match="HEALTH_ERR"):
        wanted.plan(seen([pool()], health=BROKEN), DEBIAN)


def test_filesystem_and_its_groups():
    """A file system must be there; its groups are made where they are missing."""
    assert CephFilesystem("cephfs", CLUSTER).plan(seen(), DEBIAN) is None
    with pytest.raises(HostError, match="no file system cefs; did you mean cephfs"):
        CephFilesystem("cefs", CLUSTER).plan(seen(), DEBIAN)
    assert SubvolumeGroup("cephfs", "csi", CLUSTER).plan(seen(groups=["csi"]), DEBIAN) is None
    assert isinstance(SubvolumeGroup("cephfs", "csi", CLUSTER).plan(seen(), DEBIAN), Change)
    with pytest.raises(HostError, match="HEALTH_ERR"):
        SubvolumeGroup("cephfs", "csi", CLUSTER).plan(seen(health=BROKEN), DEBIAN)
