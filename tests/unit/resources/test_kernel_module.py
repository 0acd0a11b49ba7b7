"""What KernelModule plans from what the probe found."""

from __future__ import annotations

import pytest

from mountwright.errors import HostError, InputError
from mountwright.resources.base import Observed, OperatingSystem
from mountwright.resources.kernel_module import KernelModule

DEBIAN = OperatingSystem("debian", "debian", kernel="6.1")
LISTED = "persistent=/etc/modules-load.d/x.conf\n"
RBD = KernelModule("rbd")


def plan(text, module=RBD, os=DEBIAN):
    return module.plan(Observed(present=True, stdout=f"release=6.1\n{text}".encode()), os)


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        (f"{LISTED}state=loaded\n", None),
        ("state=builtin\n", None),
        ("state=loaded\n", "load rbd after every boot"),
        ("state=available\n", "load rbd, also after every boot"),
        (f"{LISTED}state=available\n", "load rbd"),
    ],
)
def test_states(text, summary):
    """Only what is missing is done."""
    change = plan(text)
    assert (change and change.summary) == summary


def test_not_now_or_not_for_ever():
    """Either half can be left out."""
    assert plan("state=available\n", KernelModule("rbd", load_now=False, persistent=False)) is None
    assert plan("state=loaded\n", KernelModule("rbd", persistent=False)) is None
    change = plan("state=available\n", KernelModule("rbd", load_now=False))
    assert change.script.values["load"] == ""


def test_parameters_of_a_loaded_module():
    """They are written, and it is said that they wait."""
    module = KernelModule("rbd", {"single_major": "Y"})
    change = plan(f"{LISTED}state=loaded\n", module)
    assert change.summary == "set parameters of rbd"
    assert change.notes == ("rbd is loaded already: its parameters take effect when it is loaded next",)
    assert str(change.script.values["options"]).endswith("\noptions rbd single_major=Y\n")


def test_package_that_brings_it():
    """The module is loaded in the round after its package."""
    change = plan("state=missing\npackage=linux-modules-extra-6.1\n")
    assert change.summary == "install linux-modules-extra-6.1, which brings the module rbd"
    assert change.settle_first


def test_package_that_may_bring_it():
    """Without lists Ubuntu's package is tried; Debian has none of that name."""
    text = "state=missing\ntry_package=linux-modules-extra-6.1\n"
    change = plan(text, os=OperatingSystem("debian", "ubuntu"))
    assert "the host has no lists of packages yet, so whether it exists is not known" in change.notes
    with pytest.raises(HostError, match="no package of this host's sources brings it"):
        plan(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no_tree=1\nother_tree=6.2\n", "kernel was upgraded; reboot the host and run again"),
        ("no_tree=1\n", "the running kernel 6.1 has no modules on disk"),
        ("no_kmod=1\n", "install kmod"),
        ("reduced_kernel=kernel-default-base\n", "install kernel-default in its place, reboot"),
        ("", "boot the distribution's standard kernel"),
        ("container=lxc\n", r"this host is a container \(lxc\), which can't load kernel modules"),
        ("blocked=/etc/modprobe.d/x.conf (blacklist)\n", "blocked by /etc/modprobe.d/x.conf"),
    ],
)
def test_refusals(text, words):
    """What can't be is refused with what to do instead."""
    with pytest.raises(HostError, match=words):
        plan(f"state=missing\n{text}")


def test_blacklist_breaks_the_next_boot():
    """systemd obeys a blacklist, so a module that is loaded now would be missing after a reboot."""
    blocked = f"{LISTED}state=loaded\nblocked=/etc/modprobe.d/x.conf (blacklist)\n"
    with pytest.raises(HostError, match="remove that line"):
        plan(blocked)
    assert plan(blocked, KernelModule("rbd", persistent=False)) is None


@pytest.mark.parametrize("name", ["", "-r", "a b", "$(id)", "a/b", "a*", "a\n"])
def test_names_that_are_refused(name):
    """What can't be a module's name is bad input: it becomes a pattern and the name of a file."""
    with pytest.raises(InputError, match="can't be the name of a module"):
        KernelModule(name)


@pytest.mark.parametrize("parameters", [{"a b": "1"}, {"a": "1\noptions x"}, {"a": "$(id)"}, {"a": ""}])
def test_parameters_that_are_refused(parameters):
    """A parameter can't smuggle a line into modprobe.d."""
    with pytest.raises(InputError, match="can't be a parameter of a module"):
        KernelModule("rbd", parameters)


def test_hyphen_and_underscore_are_the_same():
    """The pattern matches both spellings."""
    values = KernelModule("dm-thin_pool").probe().values
    assert (values["module"], values["pattern"]) == ("dm_thin_pool", "dm[-_]thin[-_]pool")
