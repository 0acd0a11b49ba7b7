"""What File, Directory and Absent plan from what was seen."""

from __future__ import annotations

import base64
import hashlib

import pytest

from mountwright.errors import HostError, InputError, ProbeError
from mountwright.resources.absent import Absent
from mountwright.resources.base import Observed, OperatingSystem
from mountwright.resources.directory import Directory
from mountwright.resources.file import File
from mountwright.secret import Secret

DEBIAN = OperatingSystem("debian")
OWNED = "mode=644\nuid=0\ngid=0\nuser=root\ngroup=root\nwanted_uid=0\nwanted_gid=0\n"
ABSENT = Observed(present=False)


def seen_file(content=b"old\n", owned=OWNED):
    return Observed(present=True, stdout=b"kind=file\n" + owned.encode() + b"content\n" + content)


def seen(text):
    return Observed(present=True, stdout=text.encode())


def test_file_as_declared_needs_nothing():
    """Equal bytes, mode and owner: no change."""
    assert File("/etc/x", "old\n").plan(seen_file(), DEBIAN) is None


def test_file_that_differs_shows_both_texts():
    """The change holds both texts for the diff and the checksum of what was seen."""
    change = File("/etc/x", "new\n").plan(seen_file(), DEBIAN)
    assert (change.summary, change.before, change.after) == ("rewrite /etc/x", "old\n", "new\n")
    assert change.script.values["seen"] == hashlib.sha256(b"old\n").hexdigest()


def test_new_file():
    """A file that is not there is written from nothing."""
    change = File("/etc/x", "new\n").plan(ABSENT, DEBIAN)
    assert (change.summary, change.before, change.after) == ("write /etc/x", None, "new\n")
    assert change.script.values["seen"] == ""


def test_content_may_look_like_the_frame():
    """Content is everything after the first line "content", whatever it says."""
    content = b"content\nkind=directory\nmode=777\n\n"
    assert File("/etc/x", content).plan(seen_file(content), DEBIAN) is None
    assert File("/etc/x", content[:-1]).plan(seen_file(content), DEBIAN) is not None


@pytest.mark.parametrize("content", [b"\xff", b"a\x1b[31m"])
def test_binary_is_summed_up(content):
    """Content that is no text is told by its size."""
    change = File("/etc/x", content).plan(seen_file(), DEBIAN)
    assert (change.before, change.after) == (None, None)
    assert change.summary == f"rewrite /etc/x (4 -> {len(content)} bytes)"


def test_secret_content_is_in_no_text():
    """Neither the old nor the new secret is in the change outside its script."""
    old = "kind=file\n" + OWNED + "size=5\nsha256=00\n"
    change = File("/etc/key", Secret("sesame"), mode="0600").plan(seen(old), DEBIAN)
    assert (change.before, change.after) == (None, None)
    assert change.summary == "rewrite /etc/key (its content is secret), mode 0644 -> 0600"
    assert change.script.secrets == (Secret("sesame"),)
    assert "sesame" not in repr(change)


def test_secret_that_is_there_needs_nothing():
    """A secret is compared by its checksum."""
    digest = hashlib.sha256(b"sesame").hexdigest()
    assert File("/k", Secret("sesame")).plan(seen(f"kind=file\n{OWNED}size=6\nsha256={digest}\n"), DEBIAN) is None


def test_mode_and_owner_alone():
    """Only what differs is named, and the content is not written again."""
    owned = "mode=4755\nuid=7\ngid=0\nuser=lp\ngroup=root\nwanted_uid=0\nwanted_gid=0\n"
    change = File("/etc/x", "old\n").plan(seen_file(owned=owned), DEBIAN)
    assert change.summary == "mode 4755 -> 0644, owner lp -> root"
    assert "content" not in change.script.values


def test_hostile_values_stay_out_of_the_code():
    """The body of a script is the same for all values, and a value is one quoted word of it."""
    evil = "/srv/x'; touch /tmp/evil; '$(id)`id`\n"
    tame = File("/srv/x", "new").plan(ABSENT, DEBIAN).script
    change = File(evil, evil, owner="root").plan(ABSENT, DEBIAN).script
    assert tame.body == change.body
    assert "'/srv/x'\\''; touch /tmp/evil; '\\''$(id)`id`\n'" in change.render()


@pytest.mark.parametrize(
    ("kind", "words"), [("directory", "is a directory, expected a file"), ("special", "a device, socket or pipe")]
)
def test_what_is_no_file_is_refused(kind, words):
    """Something else at the path is not replaced."""
    for resource in (File("/etc/x", "x"), Absent("/etc/x")):
        with pytest.raises(HostError, match=words):
            resource.plan(seen(f"kind={kind}\n{OWNED}"), DEBIAN)


@pytest.mark.parametrize("stdout", ["", "kind=file\n" + OWNED, "kind=", "rubbish\n", "kind=file\nmode=x\ncontent\n"])
def test_answer_that_is_cut_off(stdout):
    """What can't be understood is an error, never a state."""
    with pytest.raises(ProbeError):
        File("/etc/x", "").plan(seen(stdout), DEBIAN)


@pytest.mark.parametrize("path", ["", "etc/x", "/", "//", "/etc/../x", "/etc/./x", "/a\0b"])
def test_paths_that_are_refused(path):
    """Only absolute paths that lead where they say."""
    for make in (lambda: File(path, "x"), lambda: Directory(path), lambda: Absent(path)):
        with pytest.raises(InputError, match="expected an absolute path"):
            make()


@pytest.mark.parametrize(
    "values",
    [{"mode": "rw"}, {"mode": "77777"}, {"mode": "0888"}, {"owner": "-x"}, {"group": "a:b"}, {"owner": "a\nb"}],
)
def test_modes_and_owners_that_are_refused(values):
    """What can be no mode or name is bad input and names the key."""
    key = next(iter(values))
    for make in (lambda: File("/x", "", **values), lambda: Directory("/x", **values)):
        with pytest.raises(InputError) as refused:
            make()
        assert refused.value.problems[0].key == key


def test_content_with_a_nul_byte_is_refused():
    """No shell can hold it."""
    with pytest.raises(InputError, match="NUL"):
        File("/x", base64.b64decode(b"AAA="))


def test_directory_without_its_user():
    """A user that does not exist yet is a note in check mode."""
    observed = Observed(present=False, stdout=b"wanted_uid=\n")
    change = Directory("/srv/x", owner="statd", mode="0700").plan(observed, DEBIAN)
    assert change.summary == "make the directory /srv/x, mode 0700, owner statd"
    assert change.notes == ("no user is called 'statd' on this host yet",)


def test_directory_as_declared():
    """A directory with the mode and owner needs nothing, with or without a slash at the end."""
    observed = seen("kind=directory\n" + OWNED.replace("644", "2775"))
    assert Directory("/srv/x/", mode="2775").plan(observed, DEBIAN) is None
    assert Directory("/srv/x/").id == "directory:/srv/x"


def test_absent_twice():
    """What is not there need not go."""
    assert Absent("/etc/x").plan(ABSENT, DEBIAN) is None
    change = Absent("/etc/x").plan(seen("kind=file\ncontent\nold\n"), DEBIAN)
    assert (change.summary, change.before, change.after) == ("remove /etc/x", "old\n", None)
