"""Kernel modules, looked up by the real kmod in a tree made here; this machine's kernel loads none."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from mountwright.doctor.check import Answer
from mountwright.doctor.checks import modules
from mountwright.doctor.finding import Severity
from mountwright.duties import Duties
from mountwright.errors import HostError
from mountwright.resources.base import OperatingSystem
from mountwright.resources.kernel_module import KernelModule
from tests.shell.harness import SHELLS, Shell

RELEASE = os.uname().release
UBUNTU = OperatingSystem("debian", "ubuntu", "24.04", "Ubuntu 24.04", RELEASE)

# Debian's busybox would use its own modinfo, so its shell is not tried here.
pytestmark = pytest.mark.parametrize("command", [SHELLS["dash"], SHELLS["bash"]], ids=["dash", "bash"])

MAKE_TREE = r"""
tree=${2-}/lib/modules/$1
mkdir -p "$tree/kernel"
printf 'static const char a[] __attribute__((section(".modinfo"), used)) = "license=GPL";' |
    gcc -c -x c -o "$tree/kernel/mw-test.ko" -
echo kernel/mw-inside.ko >"$tree/modules.builtin"
: >"$tree/modules.order"
depmod -b "${2-/}" "$1"
"""
MAKE_PACKAGE = r"""
mkdir -p /srv/repository/tree/DEBIAN
cd /srv/repository
sh -eu /srv/make-tree "$1" /srv/repository/tree
rm /srv/repository/tree/lib/modules/"$1"/modules.*
printf 'Package: linux-modules-extra-%s\nVersion: 1\nArchitecture: all\nMaintainer: n <n@example.org>\n' "$1" \
    >tree/DEBIAN/control
printf 'Description: test\n' >>tree/DEBIAN/control
printf '#!/bin/sh\ndepmod %s\n' "$1" >tree/DEBIAN/postinst
chmod 755 tree/DEBIAN/postinst
# below /usr, as /lib is a link
mkdir tree/usr; mv tree/lib tree/usr/
dpkg-deb --root-owner-group -b tree . >/dev/null
rm -r tree
dpkg-scanpackages . >Packages 2>/dev/null
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/*
echo 'deb [trusted=yes] file:/srv/repository ./' >/etc/apt/sources.list
mkdir -p /lib/modules/"$1"
depmod "$1"
"""


def run(shell, *command):
    done = shell.place.execute(command, b"", 60)
    assert done.exit_code == 0, done.complaint
    return done.stdout.decode()


@pytest.fixture
def bare(command, sandbox):
    """A machine without any module, and where systemd can't tell a container from none."""
    sandbox.write("/srv/make-tree", MAKE_TREE)
    run(Shell(command, sandbox), "rm", "-f", "/usr/bin/systemd-detect-virt")
    return Shell(command, sandbox)


@pytest.fixture
def shell(bare):
    """The same, whose kernel has mw-test as a module and mw-inside built in."""
    run(bare, "sh", "-eu", "/srv/make-tree", RELEASE)
    return bare


def test_listed_for_every_boot(shell):
    """A module gets a file in modules-load.d, once, and a second look finds nothing to do."""
    change = shell.converge(KernelModule("mw-test", load_now=False))
    assert change.summary == "load mw-test after every boot"
    content = run(shell, "cat", "/etc/modules-load.d/mountwright-mw_test.conf")
    assert content == "# Written by Mountwright; changes are overwritten.\nmw_test\n"


@pytest.mark.parametrize(
    ("path", "line", "counts"),
    [
        ("/etc/modules-load.d/a.conf", "mw_test", True),
        ("/usr/lib/modules-load.d/a.conf", "# x\n\n mw-test\n", True),
        ("/usr/lib/modules-load.d/a.conf", "#mw-test\n;mw_test\nmw_test2\n", False),
        ("/etc/modules-load.d/a", "mw_test", False),
    ],
)
def test_listed_elsewhere(shell, path, line, counts):
    """Any file that systemd reads counts, with - or _ in the name; comments and other files don't."""
    shell.place.write(path, line)
    assert counts == (shell.plan(KernelModule("mw_test", load_now=False)) is None)


def test_hidden_file_does_not_count(shell):
    """A file of the same name in /etc, or a link to /dev/null there, hides the distribution's."""
    shell.place.write("/usr/lib/modules-load.d/a.conf", "mw_test\n")
    run(shell, "ln", "-s", "/dev/null", "/etc/modules-load.d/a.conf")
    assert shell.plan(KernelModule("mw_test", load_now=False)) is not None


def test_builtin(shell):
    """What is built in is there and always will be: by kmod's word, and by that of the running kernel."""
    assert shell.plan(KernelModule("mw_inside")) is None
    real = next(path.name for path in Path("/sys/module").iterdir() if not (path / "initstate").exists())
    assert shell.plan(KernelModule(real)) is None


def test_kernel_that_refuses(shell):
    """When modprobe fails, the step says so, and the module is listed nevertheless."""
    change = shell.plan(KernelModule("mw-test"))
    assert change.summary == "load mw-test, also after every boot"
    done = shell.run(change.script)
    assert done.exit_code == 1
    assert "the kernel did not take the module mw_test" in done.complaint


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("/etc/modprobe.d/site.conf", "blacklist rbd"),
        ("/etc/modprobe.d/site.conf", "install rbd /bin/true # not here"),
        ("/usr/local/lib/modprobe.d/site.conf", "blacklist rbd"),
        ("/etc/modprobe.d/site.conf", "blacklist rbd-other"),
        ("/etc/modprobe.d/site.conf.off", "blacklist rbd"),
    ],
)
def test_doctor_and_role_agree(shell, file, line):
    """What the role refuses is an error of the preflight, for the same reason; what it takes is none."""
    shell.place.write(file, f"{line}\n")
    duties = Duties("here", rbd=True)
    answer = Answer(duties, shell.os, shell.run(modules.CHECK.script(duties), "u").stdout)
    found = {f.message: f.severity for f in modules.CHECK.judge(answer) if f.rule == "module-blocked"}
    with pytest.raises(HostError) as refused:  # there is no rbd here, so it is refused anyhow
        shell.plan(KernelModule("rbd"))
    reason = re.search(r"blocked by (.*);", refused.value.message)
    assert found == ({f"rbd is blocked by {reason[1]}": Severity.ERROR} if reason else {})
    assert bool(reason) == (file.endswith(".conf") and "other" not in line)


@pytest.mark.parametrize(
    ("line", "blocks"),
    [
        ("blacklist mw-test", "blacklist"),
        ("install mw_test /bin/true", "install /bin/true"),
        ("install mw-test  /usr/bin/false #", "install /usr/bin/false"),
        ("install mw_test /sbin/modprobe --ignore-install mw_test", ""),
        ("# blacklist mw_test", ""),
    ],
)
def test_blocked(shell, line, blocks):
    """A module that modprobe.d keeps away is refused, and the file is named."""
    shell.place.write("/etc/modprobe.d/site.conf", f"{line}\n")
    if not blocks:
        assert shell.plan(KernelModule("mw-test")) is not None
        return
    with pytest.raises(HostError) as refused:
        shell.plan(KernelModule("mw-test"))
    assert refused.value.message == (
        f"the module mw-test is blocked by /etc/modprobe.d/site.conf ({blocks}); remove that line and run again"
    )


def test_parameters(shell):
    """Parameters go to modprobe.d, where the real modprobe finds them; others replace them."""
    for value in ("4", "8"):
        shell.converge(KernelModule("mw-test", {"first": value, "second": "a,b"}, load_now=False))
        assert f"options mw_test first={value} second=a,b" in run(shell, "modprobe", "-c")


def test_kernel_upgraded_without_reboot(bare):
    """When the tree of the running kernel is gone and another is there, a reboot is what helps."""
    run(bare, "sh", "-eu", "/srv/make-tree", "9.9.9-new")
    with pytest.raises(HostError, match=r"those of 9\.9\.9-new are there: the kernel was upgraded; reboot the host"):
        bare.plan(KernelModule("mw-test"))


def test_kernel_without_any_modules(bare):
    """A kernel from elsewhere has no modules on disk, which is said."""
    with pytest.raises(HostError, match="has no modules on disk"):
        bare.plan(KernelModule("mw-test"))


def test_nothing_brings_it(shell):
    """A module that neither the kernel nor a package has is refused."""
    with pytest.raises(HostError, match=r"has no module mw-other, and no package"):
        shell.plan(KernelModule("mw-other"))


def test_package_brings_it(bare):
    """On Ubuntu the extra package of the running kernel is installed; then the module is there."""
    bare.place.write("/srv/make", MAKE_PACKAGE)
    run(bare, "sh", "-eu", "/srv/make", RELEASE)
    shell = replace(bare, os=UBUNTU)
    module = KernelModule("mw-test", load_now=False)
    guess = shell.plan(module)
    assert f"install linux-modules-extra-{RELEASE}" in guess.summary
    assert any("not known" in note for note in guess.notes)
    run(shell, "apt-get", "-q", "update")
    change = shell.apply(module)
    assert change.settle_first
    assert change.notes == (f"mw-test is loaded when linux-modules-extra-{RELEASE} is there",)
    shell.converge(module)


def test_container(command, sandbox):
    """A container is told so, by the real systemd-detect-virt."""
    sandbox.write("/srv/make-tree", MAKE_TREE)
    start = 'mkdir -p /run/systemd; echo podman >/run/systemd/container; exec "$@"'
    shell = Shell(("sh", "-c", start, "-", *command), sandbox)
    run(shell, "sh", "-eu", "/srv/make-tree", RELEASE)
    with pytest.raises(HostError, match=r"this host is a container \(.+\), which can't load kernel modules"):
        shell.plan(KernelModule("mw-test"))
