"""Files, directories and their absence under real shells, with hostile values, and twice."""

from __future__ import annotations

import os
import pwd

import pytest

from mountwright.errors import HostError
from mountwright.resources.absent import Absent
from mountwright.resources.directory import Directory
from mountwright.resources.file import File
from mountwright.secret import Secret
from tests.shell.harness import Shell

ME = pwd.getpwuid(os.geteuid()).pw_name
MINE = {"owner": "", "group": ""}
NAMES = ["plain", "-rf", "a b", "a\nb\n", "$(touch evil)", "'\"`touch evil`;touch evil", "ü☃", "*", "\\", "\udcff"]
CONTENTS = ["", "text\n", "no newline", "a\n\n\n", "$(touch evil)`touch evil`'\"\\n%s", "-n", b"\xff\x00"[:1], "ü☃"]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


def bytes_of(content):
    return content if isinstance(content, bytes) else content.encode()


@pytest.mark.parametrize("name", NAMES)
def test_file_with_any_name(shell, tmp_path, name):
    """A file is made with its parents, whatever it is called; a second look finds nothing to do."""
    path = f"{tmp_path}/new/{name}/{name}"
    shell.converge(File(path, "content\n", **MINE))
    assert os.listdir(os.fsencode(f"{tmp_path}/new/{name}")) == [os.fsencode(name)]  # noqa: PTH208 - bytes
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("content", CONTENTS)
def test_file_with_any_content(shell, tmp_path, content):
    """Content arrives byte for byte, over other content too, and the old one is kept."""
    path = tmp_path / "file"
    path.write_bytes(b"old\xff")
    shell.converge(File(str(path), content, **MINE))
    assert bytes_of(content) == path.read_bytes()
    assert (tmp_path / "file.mountwright-backup").read_bytes() == b"old\xff"


def test_large_file(shell, tmp_path):
    """A file too large to be sent is compared by its checksum."""
    path = tmp_path / "file"
    path.write_text("x" * 300_000)
    change = shell.converge(File(str(path), "y" * 300_001, **MINE))
    assert change.before is None
    assert change.summary == f"rewrite {path} (300000 -> 300001 bytes)"


def test_secret_file(shell, tmp_path):
    """A secret's old content does not leave the host."""
    path = tmp_path / "key"
    path.write_text("old secret")
    resource = File(str(path), Secret("new secret"), mode="0600", **MINE)
    assert b"old secret" not in shell.look(resource).stdout
    shell.converge(resource)
    assert path.read_text() == "new secret"
    assert path.stat().st_mode & 0o777 == 0o600


def test_only_the_mode(shell, tmp_path):
    """Where only the mode differs, the file itself stays: same inode, no backup."""
    path = tmp_path / "file"
    path.write_text("x")
    path.chmod(0o640)
    inode = path.stat().st_ino
    change = shell.converge(File(str(path), "x", mode="0600", **MINE))
    assert change.summary == "mode 0640 -> 0600"
    assert path.stat().st_ino == inode
    assert [found.name for found in tmp_path.iterdir()] == ["file"]


@as_root
def test_owner_by_name_and_number(shell, tmp_path):
    """Owner and group are set by name or number; another name of the same number is no difference."""
    path = tmp_path / "file"
    change = shell.converge(File(str(path), "x", owner="daemon", group="daemon"))
    assert change.notes == ()
    assert (path.stat().st_uid, path.stat().st_gid) == (1, 1)
    change = shell.converge(File(str(path), "x", owner="4242", group="2"))
    assert change.summary == "owner daemon -> 4242, group daemon -> 2"
    assert shell.plan(File(str(path), "x", owner="4242", group="bin")) is None


@pytest.mark.parametrize("owner", ["nosuchuser", "no such user"])
def test_unknown_owner(shell, tmp_path, owner):
    """A user that does not exist is noted in the plan, and the step says so and makes nothing."""
    for resource in (File(f"{tmp_path}/new/x", "x", owner=owner), Directory(f"{tmp_path}/new/x", owner=owner)):
        change = shell.plan(resource)
        assert change.notes == (f"no user is called '{owner}' on this host yet",)
        done = shell.run(change.script)
        assert (done.exit_code, done.complaint) == (1, f"no user is called '{owner}' on this host\n")
        assert list(tmp_path.iterdir()) == []


def test_changed_since_the_look(shell, tmp_path):
    """What somebody wrote after the probe is not overwritten, nor removed."""
    path = tmp_path / "file"
    path.write_text("old")
    for resource in (File(str(path), "ours", **MINE), Absent(str(path))):
        change = shell.plan(resource)
        path.write_text("theirs")
        done = shell.run(change.script)
        assert (done.exit_code, done.complaint) == (1, f"{path} has changed since it was looked at; run again\n")
        assert path.read_text() == "theirs"
        path.write_text("old")


def test_file_through_a_link(shell, tmp_path):
    """A link is followed, also one whose file does not exist yet."""
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to("target")
    for content in ("one", "two"):
        change = shell.converge(File(str(link), content, **MINE))
        assert change.notes == (f"{link} is a symbolic link; the file that it leads to is changed",)
        assert (link.is_symlink(), target.read_text()) == (True, content)


def test_what_is_no_file_is_refused(shell, tmp_path):
    """A directory and a pipe in the place of a file are refused before anything is done."""
    os.mkfifo(tmp_path / "pipe")
    for resource in (File, Absent):
        extra = ("x",) if resource is File else ()
        with pytest.raises(HostError, match="is a directory, expected a file"):
            shell.plan(resource(str(tmp_path), *extra))
        with pytest.raises(HostError, match="is a device, socket or pipe"):
            shell.plan(resource(f"{tmp_path}/pipe", *extra))


@pytest.mark.parametrize("name", NAMES)
def test_absent(shell, tmp_path, name):
    """A file goes, its content is kept beside it, and nothing of its name is executed."""
    path = tmp_path / name
    path.write_text("content\n")
    change = shell.converge(Absent(str(path)))
    assert (change.before, change.after) == ("content\n", None)
    backup = tmp_path / f"{name}.mountwright-backup"
    assert [found.name for found in tmp_path.iterdir()] == [backup.name]
    assert backup.read_text() == "content\n"


def test_absent_removes_links_themselves(shell, tmp_path):
    """A link goes, to a file, a directory or nowhere; what it leads to stays."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    for target in ("file", "folder", "nowhere"):
        link = tmp_path / "link"
        link.symlink_to(target)
        change = shell.converge(Absent(str(link)))
        assert change.summary == f"remove the symbolic link {link}"
    assert sorted(found.name for found in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.parametrize("name", NAMES)
def test_directory_with_any_name(shell, tmp_path, name):
    """A directory is made with its parents; those are 0755, itself has its mode; what is in it stays."""
    path = tmp_path / name / name
    resource = Directory(str(path), mode="2770", owner=ME)
    shell.converge(resource)
    assert (path.stat().st_mode & 0o7777, path.parent.stat().st_mode & 0o7777) == (0o2770, 0o755)
    (path / "inside").touch()
    path.chmod(0o2777)
    assert shell.converge(resource).summary == "mode 2777 -> 2770"
    assert (path / "inside").exists()
    assert [found.name for found in tmp_path.iterdir()] == [name]


def test_directory_loses_special_bits(shell, tmp_path):
    """A mode without them clears set-group-ID and the sticky bit, which GNU chmod keeps on directories otherwise."""
    path = tmp_path / "folder"
    path.mkdir()
    path.chmod(0o3777)
    change = shell.converge(Directory(str(path), mode="0755", owner=ME))
    assert change.summary == "mode 3777 -> 0755"


@as_root
def test_directory_gets_the_primary_group(shell, tmp_path):
    """Without a group it is the owner's primary one; nobody's is nogroup on Debian."""
    path = tmp_path / "folder"
    shell.converge(Directory(str(path), owner="nobody"))
    assert (path.owner(), path.group()) == ("nobody", pwd_group("nobody"))
    shell.converge(Directory(str(path), owner="nobody", group="daemon"))
    assert path.group() == "daemon"


def pwd_group(user):
    import grp  # noqa: PLC0415 - of one test

    return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name


def test_directory_through_a_link(shell, tmp_path):
    """A link to a directory is one; a link to nowhere and a file are not."""
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to("target")
    with pytest.raises(HostError, match="leads nowhere"):
        shell.plan(Directory(str(link), owner=ME))
    target.mkdir(mode=0o700)
    change = shell.converge(Directory(f"{link}/", mode="0750", owner=ME))
    assert change.notes == (f"{link} is a symbolic link; the directory that it leads to is changed",)
    assert target.stat().st_mode & 0o777 == 0o750
    (tmp_path / "file").touch()
    with pytest.raises(HostError, match="is no directory"):
        shell.plan(Directory(f"{tmp_path}/file", owner=ME))


def test_mount_point_is_noted(shell):
    """A change of a mount point's root says so; /dev/shm is one."""
    path = "/dev/shm"  # noqa: S108 - only looked at
    change = shell.plan(Directory(path, mode="0700", owner=""))
    assert change.notes == (f"{path} is a mount point: the root of the mounted file system is changed",)


@as_root
def test_busybox_without_getent(sandbox):
    """On a system that has no getent, groups are found in /etc/group."""
    sandbox.write("/usr/bin/getent", "not to be run", 0o644)
    sandbox.execute(["rm", "/usr/bin/getent"], b"")
    shell = Shell(("busybox", "sh"), sandbox)
    shell.converge(File("/srv/file", "x", owner="daemon", group="bin"))
