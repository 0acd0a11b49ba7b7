"""What Package plans from what dpkg and rpm say."""

from __future__ import annotations

import pytest

from mountwright.errors import HostError, InputError, ProbeError
from mountwright.resources.base import Observed, OperatingSystem
from mountwright.resources.package import Package

DEBIAN, REDHAT = OperatingSystem("debian"), OperatingSystem("redhat")
BOTH = Package({"debian": ("a", "b"), "redhat": "a"})


def plan(text, os=DEBIAN, package=BOTH):
    return package.plan(Observed(present=True, stdout=text.encode()), os)


def dpkg(*rows):
    return "".join("\t".join(row.split()) + "\n" for row in rows)


OK = "install ok installed"


def test_all_installed():
    """Installed ones need nothing, also on hold, marked for removal, or with another architecture missing."""
    assert plan(dpkg(f"a {OK}", "b hold ok installed")) is None
    assert plan(dpkg("a deinstall ok installed", f"b {OK}", "b unknown ok not-installed")) is None
    assert plan("a\tinstalled\n", REDHAT) is None


def test_missing_ones_are_installed_together():
    """Not known, not installed and removed are all missing; one change installs them."""
    change = plan(dpkg("b deinstall ok config-files"))
    assert (change.summary, list(change.script.arguments)) == ("install a, b", ["a", "b"])
    assert change.settle_first
    assert change.silence >= 1800
    assert plan("package a is not installed\n", REDHAT).summary == "install a"


@pytest.mark.parametrize("state", ["half-installed", "unpacked", "half-configured", "triggers-awaited"])
def test_interrupted_ones_are_finished(state):
    """What dpkg left half-way is finished."""
    change = plan(dpkg(f"a install ok {state}", f"b {OK}"))
    assert change.summary == f"finish the installation of a ({state})"
    assert list(change.script.arguments) == ["a"]


def test_reinstallation_required():
    """dpkg's flag that a package must be installed again counts."""
    change = plan(dpkg("a install reinstreq installed", f"b {OK}"))
    assert change.summary == "finish the installation of a (half-installed)"


def test_hold_without_the_package():
    """apt would refuse; so does the plan, with the way out."""
    with pytest.raises(HostError, match="release it with: apt-mark unhold a"):
        plan(dpkg("a hold ok config-files", f"b {OK}"))


def test_families():
    """A system without a name for it is refused in check mode already, and named."""
    with pytest.raises(HostError, match=r"^Alpine 3 is not supported here: packages are known for debian, redhat$"):
        plan("", OperatingSystem("other", name="Alpine 3"))
    with pytest.raises(HostError, match="is not supported here"):
        plan("", OperatingSystem("suse", id="sles"))


def test_image_systems():
    """On a system that is an image the operator installs."""
    with pytest.raises(HostError, match="install with rpm-ostree, reboot and run again"):
        plan("package a is not installed\nimage\trpm-ostree\n", REDHAT)
    assert plan("a\tinstalled\nimage\trpm-ostree\n", REDHAT) is None


@pytest.mark.parametrize("text", ["error: can't open database\n", "a\n"])
def test_answer_that_is_none(text):
    """What is no answer is not taken for absence."""
    for os in (DEBIAN, REDHAT):
        with pytest.raises(ProbeError):
            plan(text, os)


@pytest.mark.parametrize("name", ["", "-y", "a b", "$(id)", "a;b", "a\n", "a*"])
def test_names_that_are_refused(name):
    """What can't be a package's name is bad input."""
    with pytest.raises(InputError, match="can't be the name of a package"):
        Package({"debian": name})


def test_id_is_the_same_everywhere():
    """The id is the label, or the names on the first family."""
    assert (BOTH.id, Package({"debian": "nfs-common"}, label="nfs-client").id) == (
        "package:a,b",
        "package:nfs-client",
    )


def test_unknown_family_and_no_names():
    """A typing error in a role is found at once."""
    with pytest.raises(InputError, match="no family of systems is called 'debain'"):
        Package({"debain": "a"})
    with pytest.raises(InputError, match="expected the name of a package"):
        Package({})
