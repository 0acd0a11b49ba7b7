"""The judgements of the checks: what was printed -> what is found."""

from __future__ import annotations

import pytest

from mountwright.doctor.checks import (
    clock,
    disk,
    distribution,
    exports,
    identity,
    modules,
    mount_helper,
    owners,
    package_manager,
    ports,
)
from mountwright.doctor.checks import (
    server as server_check,
)
from mountwright.doctor.finding import Severity
from mountwright.duties import Duties
from mountwright.resources.base import OperatingSystem


def shown(findings):
    """Rule, severity and message of each finding."""
    return [(finding.rule, finding.severity.value, finding.message) for finding in findings]


@pytest.mark.parametrize(
    ("host", "asked", "resolution", "expected"),
    [
        (105.0, (100.0, 110.0), 0.0, 0.0),
        (99.5, (100.0, 110.0), 1.0, 0.0),
        (120.0, (100.0, 110.0), 0.0, 10.0),
        (90.0, (100.0, 110.0), 0.0, -10.0),
        (90.0, (100.0, 110.0), 1.0, -9.0),
    ],
)
def test_skew_is_what_lies_outside_the_round_trip(host, asked, resolution, expected):
    """A slow connection is no skew."""
    assert expected == clock.skew_seconds(host, asked, resolution=resolution)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("1000.5", []),
        ("1004.0", []),
        ("1010.0", [("clock", "warning", "the clock is 9 seconds ahead of this computer's")]),
        ("400", [("clock", "error", "the clock is 10 minutes behind this computer's")]),
        ("900000000.1", [("clock", "error", "the clock is 10417 days ahead of this computer's")]),
        ("", [("clock", "info", "the host's time could not be read")]),
        ("1000.%N", []),
    ],
)
def test_clock(answer, node, now, expected):
    """More than 5 seconds is a warning, more than 300 an error, whatever form of date(1) the host has."""
    assert expected == shown(clock.CHECK.judge(answer(node, ("now", now), asked=(1000.0, 1001.0))))


def test_clock_that_nobody_keeps_right(answer, node):
    """A right clock without NTP is worth knowing."""
    rows = [("now", "1000.5"), ("keeper", "nobody")]
    assert [f.rule for f in clock.CHECK.judge(answer(node, *rows, asked=(1000.0, 1001.0)))] == ["clock-sync"]


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ("debian debian 12", []),
        ("debian debian 11", []),
        ("debian debian 10", ["warning"]),
        ("debian debian ", []),
        ("debian ubuntu 20.04", []),
        ("debian ubuntu 18.04", ["warning"]),
        ("debian linuxmint 21", []),
        ("redhat rocky 9.4", []),
        ("redhat centos 7", ["warning"]),
        ("redhat fedora 41", []),
        ("suse sles 15.6", []),
        ("suse sles 12.5", ["warning"]),
        ("suse opensuse-tumbleweed 20260101", []),
        ("other alpine 3.20", ["error"]),
        ("other  ", ["error"]),
    ],
)
def test_distribution(answer, node, system, expected):
    """Old versions are a warning, unknown families an error."""
    family, distro, version = system.split(" ")
    os = OperatingSystem(family, distro, version, f"{distro} {version}")
    assert expected == [finding.severity.value for finding in distribution.CHECK.judge(answer(node, os=os))]


def test_container_is_worse_for_a_server(answer, node, server):
    """A node in a container is worth knowing; a kernel NFS server in one will not work."""
    rows = [("container", "systemd-nspawn")]
    assert [f.severity.value for f in distribution.CHECK.judge(answer(node, *rows))] == ["info"]
    assert [f.severity.value for f in distribution.CHECK.judge(answer(server, *rows))] == ["warning"]


def test_machine_without_systemd_or_tools_or_write_access(answer, node):
    """Each of these would make the work fail."""
    os = OperatingSystem("debian", "debian", "12", systemd=False)
    found = distribution.CHECK.judge(answer(node, ("missing", "flock"), ("readonly", "yes"), os=os))
    assert [(f.rule, f.severity.value) for f in found] == [
        ("systemd", "error"),
        ("tools", "error"),
        ("read-only", "error"),
    ]


def test_lock_holder_is_named(answer, node):
    """A busy package manager is a warning that names the process, once however many locks it holds."""
    rows = [("held", "/var/lib/dpkg/lock-frontend", 812, "apt-get"), ("held", "/var/lib/dpkg/lock", 812, "apt-get")]
    assert shown(package_manager.CHECK.judge(answer(node, *rows))) == [
        ("package-lock", "warning", "the package manager is busy: apt-get (pid 812) holds /var/lib/dpkg/lock")
    ]


def test_half_installed_packages(answer, node):
    """They are a warning, unless somebody is installing them right now."""
    broken = ("broken", "nfs-common")
    held = ("held", "/var/lib/dpkg/lock", 812, "dpkg")
    assert [f.severity for f in package_manager.CHECK.judge(answer(node, broken))] == [Severity.WARNING]
    assert [f.severity for f in package_manager.CHECK.judge(answer(node, broken, held))] == [
        Severity.WARNING,
        Severity.INFO,
    ]
    assert list(package_manager.CHECK.judge(answer(node))) == []


@pytest.mark.parametrize(
    ("path", "free", "expected"),
    [
        ("/", 5_000_000, []),
        ("/", 500_000, ["warning"]),
        ("/", 100_000, ["error"]),
        ("/srv/nfs/pv1", 500_000, ["warning"]),
        ("/srv/nfs/pv1", 0, ["warning"]),
    ],
)
def test_disk_room(answer, server, path, free, expected):
    """Packages need room on the system's file systems; a full export is the operator's to judge."""
    row = ("room", path, "ext2/ext3", free, path, 100_000, 90_000)
    assert expected == [f.severity.value for f in disk.CHECK.judge(answer(server, row))]


def test_one_file_system_is_reported_once(answer, server):
    """/, /var and /etc on one small disk are one finding."""
    rows = [("room", path, "xfs", 500_000, "/", 100_000, 90_000) for path in ("/", "/var", "/etc")]
    assert shown(disk.CHECK.judge(answer(server, *rows))) == [("disk", "warning", "only 488 MiB are free in /")]


@pytest.mark.parametrize(
    ("kind", "expected"), [("xfs", []), ("overlayfs", ["warning"]), ("tmpfs", ["warning"]), ("nfs", ["warning"])]
)
def test_file_systems_that_are_bad_to_export(answer, server, kind, expected):
    """An export on tmpfs, overlay or NFS is warned of."""
    row = ("room", "/srv/nfs/pv1", kind, 5_000_000, "/srv", 0, 0)
    assert expected == [f.severity.value for f in disk.CHECK.judge(answer(server, row))]
    assert list(disk.CHECK.judge(answer(server, ("room", "/", kind, 5_000_000, "/", 0, 0)))) == []


def test_no_inodes_left(answer, server):
    """A file system without inodes is full, whatever room it has; one that counts none (btrfs) isn't."""
    row = ("room", "/", "ext2/ext3", 5_000_000, "/", 100_000, 12)
    assert [f.rule for f in disk.CHECK.judge(answer(server, row))] == ["disk-inodes"]


def test_mount_helper(answer, node):
    """It is brought by inv nfs.client, provided that apt knows the package."""
    assert list(mount_helper.CHECK.judge(answer(node, ("helper", "/sbin/mount.nfs")))) == []
    assert [f.severity for f in mount_helper.CHECK.judge(answer(node, ("candidate", "1:2.6")))] == [Severity.INFO]
    assert [f.severity for f in mount_helper.CHECK.judge(answer(node))] == [Severity.ERROR]
    sources, lists = ("sources", "yes"), ("lists", "yes")
    assert [f.severity for f in mount_helper.CHECK.judge(answer(node, sources))] == [Severity.INFO]
    assert [f.severity for f in mount_helper.CHECK.judge(answer(node, sources, lists))] == [Severity.WARNING]
    redhat = OperatingSystem("redhat", "rocky", "9.4")
    [finding] = mount_helper.CHECK.judge(answer(node, os=redhat))
    assert finding.remedy == "inv nfs.client installs nfs-utils."


def test_modules_that_a_host_needs(node, server):
    """A node needs the client, and rbd where it maps images; a server needs nfsd; v4 alone needs no nfsv3."""
    assert list(modules.needed(node)) == ["nfs", "nfsv4", "nfsv3", "rbd"]
    assert list(modules.needed(server)) == ["nfsd"]
    assert list(modules.needed(Duties("n", mounts_from=node.mounts_from, nfs_v3=False))) == ["nfs", "nfsv4"]
    assert modules.CHECK.script(Duties("n")) is None


def test_missing_module(answer, node):
    """It is an error, or a warning when a package could bring it or a container can't tell."""
    row = ("module", "rbd", "missing")
    [found] = modules.CHECK.judge(answer(node, row))
    assert (
        found.severity,
        found.message,
    ) == (Severity.ERROR, "the running kernel 6.1.0-40-amd64 has no module rbd (mapping RBD images)")
    [found] = modules.CHECK.judge(answer(node, row, ("package", "linux-modules-extra-6.1.0")))
    assert (found.severity, "linux-modules-extra-6.1.0" in found.remedy) == (Severity.WARNING, True)
    [found] = modules.CHECK.judge(answer(node, row, ("container", "yes")))
    assert found.severity == Severity.WARNING


@pytest.mark.parametrize("state", ["loaded", "builtin", "available"])
def test_module_that_is_there(answer, node, state):
    """Loaded, built in or on disk: all is well."""
    assert list(modules.CHECK.judge(answer(node, ("module", "rbd", state)))) == []


def test_kernel_that_was_upgraded_but_not_booted(answer, node):
    """Its modules are gone from the disk: an error once one of them is needed."""
    rows = [("no-tree", "6.1.0-39"), ("installed", "6.1.0-40")]
    [found] = modules.CHECK.judge(answer(node, *rows, ("module", "rbd", "missing")))
    assert (found.severity, found.remedy) == (Severity.ERROR, "reboot the host.")
    assert "6.1.0-40" in found.message
    [found] = modules.CHECK.judge(answer(node, *rows, ("module", "rbd", "loaded")))
    assert found.severity == Severity.WARNING


def test_module_that_modprobe_will_not_load(answer, node):
    """A blocked module is an error; while one that no role lists is loaded, a warning; of a built-in one, nothing."""
    rows = [
        row
        for name, state in (("rbd", "loaded"), ("nfs", "loaded"), ("nfsv3", "available"), ("nfsv4", "builtin"))
        for row in (("module", name, state), ("blocked", name, "/etc/modprobe.d/x.conf (blacklist)"))
    ]
    found = modules.CHECK.judge(answer(node, *rows))
    assert [(f.rule, f.severity.value, f.message) for f in found] == [
        ("module-blocked", "error", "rbd is blocked by /etc/modprobe.d/x.conf (blacklist)"),
        (
            "module-blocked",
            "warning",
            "nfs is blocked by /etc/modprobe.d/x.conf (blacklist): after a reboot it will be missing",
        ),
        ("module-blocked", "error", "nfsv3 is blocked by /etc/modprobe.d/x.conf (blacklist)"),
    ]


def test_port_that_somebody_else_has(answer, server):
    """Who has it is named; rpcbind and systemd rightly have theirs."""
    rows = [
        ("threads", "8"),
        ("owner", 111, 1, "systemd"),
        ("owner", 20048, 700, "python3"),
        ("owner", 32765, 701, "rpc.statd"),
    ]
    assert shown(server_check.CHECK.judge(answer(server, *rows))) == [
        ("port-taken", "error", "port 20048/tcp, which is to be mountd's, is taken by python3 (pid 700)")
    ]


def test_ports_of_a_server_that_is_not_set_up(answer, node, server):
    """Refused, and nothing listens there: worth knowing."""
    rows = [("port", number, 1, "bash: connect: Connection refused") for number in range(5)]
    [found] = ports.judge_ports(answer(node, *rows), {"nfs1": answer(server, ("listens", "22"))})
    assert found.severity == Severity.INFO
    assert found.message == (
        "nothing listens yet on nfs1 (10.0.0.1) for nfs (2049/tcp), rpcbind (111/tcp), mountd (20048/tcp), "
        "statd (32765/tcp), lockd (32768/tcp)"
    )


def test_port_that_is_refused_though_the_server_listens(answer, node, server):
    """Something on the way rejects it: an error."""
    rows = [("port", 0, 1, "connect: Connection refused"), *[("port", number, 0, "") for number in range(1, 5)]]
    [found] = ports.judge_ports(answer(node, *rows), {"nfs1": answer(server, ("listens", "2049"))})
    assert (found.severity, "2049" in found.message) == (Severity.ERROR, True)


def test_port_that_does_not_answer(answer, node):
    """A time-out is an error, whatever the server does."""
    rows = [("port", 0, 124, ""), *[("port", number, 0, "") for number in range(1, 5)]]
    assert shown(ports.judge_ports(answer(node, *rows), {})) == [
        ("port", "error", "no answer from nfs1 (10.0.0.1) within 4 s on nfs (2049/tcp)")
    ]


def test_server_that_no_route_leads_to(answer, node):
    """All ports fail for the same reason: one finding."""
    rows = [("port", number, 1, "bash: /dev/tcp/10.0.0.1/2049: No route to host") for number in range(5)]
    assert shown(ports.judge_ports(answer(node, *rows), {})) == [
        ("port", "error", "nfs1 (10.0.0.1) can't be reached: No route to host")
    ]


def test_ports_that_cannot_be_tried(answer, node):
    """Without bash and nc nothing is claimed."""
    assert [f.severity for f in ports.judge_ports(answer(node, ("no-way", "yes")), {})] == [Severity.INFO]


def test_all_ports_open(answer, node):
    """Nothing to say."""
    assert list(ports.judge_ports(answer(node, *[("port", number, 0, "") for number in range(5)]), {})) == []


def file_row(path, content):
    return ("file", path.encode().hex(), content.encode("utf-8", "surrogateescape").hex())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", []),
        ("/home 10.0.0.0/24(ro)\n", []),
        ("/srv/nfs/pv1 10.0.0.0/24(ro)\n", [("exports-taken", "error")]),
        ("/srv/nfs/pv1/ 10.0.0.0/255.255.255.0(ro)\n", [("exports-taken", "error")]),
        ("/srv/nfs/pv1 192.168.7.0/24(ro)\n", [("exports-shared", "warning")]),
        ("/home 10.0.0.5 (rw)\n", [("exports", "error")]),
        ("/home 10.0.0.5(rw\n", [("exports", "error")]),
        ("# BEGIN mountwright\n/srv/nfs/pv1 10.0.0.0/24(rw)\n# END mountwright\n", []),
        ("# BEGIN mountwright\n/srv/nfs/pv1 10.0.0.0/24(rw)\n", [("exports", "error")]),
        ("/home caf\udce9(ro)\n", []),
    ],
)
def test_exports_that_are_there_already(answer, server, content, expected):
    """Foreign lines that are faulty or take ours are errors; our own block is ours."""
    found = list(exports.CHECK.judge(answer(server, file_row("/etc/exports", content))))
    assert expected == [(f.rule, f.severity.value) for f in found]


def test_file_of_exports_d_that_exportfs_does_not_read(answer, server):
    """It is worth knowing; its content does not count."""
    row = file_row("/etc/exports.d/old", "/srv/nfs/pv1 10.0.0.0/24(ro)\n")
    assert [f.severity for f in exports.CHECK.judge(answer(server, row))] == [Severity.INFO]


@pytest.mark.parametrize(
    ("row", "rule", "message"),
    [
        (("no-user", 0), "export-owner", "is to belong to the user nobody, whom this host does not know"),
        (("is", 0, "regular file"), "export-path", "is to be exported and is a regular file, not a directory"),
        (("above", 0, "/srv/nfs"), "export-path", "can't be created: /srv/nfs is not a directory"),
    ],
)
def test_export_paths(answer, server, row, rule, message):
    """What stands in the way of a directory is an error."""
    assert [(rule, "error", f"/srv/nfs/pv1 {message}")] == shown(owners.CHECK.judge(answer(server, row)))


@pytest.mark.parametrize(
    ("mode", "files", "expected"), [("777", 1, []), ("755", 0, []), ("755", 1, ["export-mode"]), ("1777", 1, [])]
)
def test_mode_of_a_directory_in_use(answer, server, mode, files, expected):
    """A mode that the run would change under somebody's files is warned of."""
    row = ("has", 0, mode, files)
    assert expected == [f.rule for f in owners.CHECK.judge(answer(server, row))]


def test_cloned_machines(answer, node):
    """The same machine-id, and the same NFSv4 client name, are warnings on each of the hosts."""
    other = Duties("node2", mounts_from=node.mounts_from)
    rows = [("hostname", "node"), ("machine-id", "abc")]
    found = identity.judge_duplicates({"node1": answer(node, *rows), "node2": answer(other, *rows)})
    assert {
        ("node1", "machine-id-duplicate"),
        ("node2", "machine-id-duplicate"),
        ("node1", "nfs-client-duplicate"),
        ("node2", "nfs-client-duplicate"),
    } == {(host, finding.rule) for host, finding in found}


def test_machines_that_differ(answer, node, server):
    """Nothing is said; a server that shares a name with a client is none of NFS's business."""
    answers = {
        "node1": answer(node, ("hostname", "a"), ("machine-id", "1")),
        "nfs1": answer(server, ("hostname", "a"), ("machine-id", "2")),
    }
    assert list(identity.judge_duplicates(answers)) == []
