"""The prelude's functions under real shells: files are replaced at once or not at all."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from mountwright.shell import Script
from tests.shell.harness import Here, Shell, program

REPLACE = 'replace_file "$path" "${owner-}" "${group-}" "${mode-0644}" "$content" "${validator-}"'
HOSTILE = {
    "quotes": 'it\'s "quoted" $(touch evil) `touch evil`; touch evil #',
    "newlines": "\n\ntwo\n\n",
    "dash": "-n -e \\n %s %d \\c",
    "unicode": "naïve ☃",
    "not-utf8": b"\xff\xfe\x80 bytes",
    "empty": "",
}
NAMES = ["plain", "-rf", "with space", "a\nb\n", "$(touch evil)", "'\"`touch evil`", "ü", "*", "\\"]


@pytest.fixture
def folder(tmp_path):
    """A folder whose own name is hostile."""
    made = tmp_path / "-it's $(touch evil)\n;"
    made.mkdir()
    return made


@pytest.fixture
def open_folder():
    """A folder that every user may reach and write to."""
    made = Path(tempfile.mkdtemp(prefix="mountwright-"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


def names(folder):
    return sorted(found.name for found in folder.iterdir())


def as_bytes(content):
    return content if isinstance(content, bytes) else content.encode()


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_content_arrives_byte_for_byte(shell, folder, content):
    """Whatever the content is, the file holds exactly that, nothing is executed and nothing else stays."""
    path = folder / "file"
    done = shell.run(Script(REPLACE, {"path": path, "content": content}))
    assert (done.exit_code, done.complaint) == (0, "")
    assert as_bytes(content) == path.read_bytes()
    assert names(folder) == ["file"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_a_name(shell, folder, name):
    """A file's name is never taken for an option, a pattern or code, and its backup lies beside it."""
    path = folder / name
    path.write_text("old")
    done = shell.run(Script(f'backup_file "$path"\n{REPLACE}', {"path": path, "content": "new"}))
    assert (done.exit_code, done.complaint) == (0, "")
    assert {name: "new", f"{name}.mountwright-backup": "old"} == {
        found.name: found.read_text() for found in folder.iterdir()
    }


def test_mode_is_exact(shell, folder):
    """Mode and content are set also where the mode doesn't let the owner write."""
    path = folder / "file"
    for mode in ("0400", "0444", "0755", "0000"):
        done = shell.run(Script(REPLACE, {"path": path, "content": mode, "mode": mode}))
        assert (done.exit_code, done.complaint) == (0, "")
        assert int(mode, 8) == path.stat().st_mode & 0o7777


def test_mode_that_forbids_writing_for_an_ordinary_user(shell, open_folder):
    """Also without root's powers a read-only file gets its content."""
    if os.geteuid() == 0:
        shell = Shell(shell.command, Here(user=65534))
    done = shell.run(Script(REPLACE, {"path": open_folder / "file", "content": "x", "mode": "0444"}))
    assert (done.exit_code, done.complaint) == (0, "")
    assert (open_folder / "file").read_text() == "x"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owner_is_kept_or_set(shell, folder):
    """An empty owner or group keeps that of the file that is there; a given one is set, by name or by number."""
    path = folder / "file"
    path.write_text("old")
    os.chown(path, 1234, 4321)
    for owner, group, expected in [("", "", (1234, 4321)), ("77", "", (77, 4321)), ("", "daemon", (77, 1))]:
        done = shell.run(Script(REPLACE, {"path": path, "content": owner, "owner": owner, "group": group}))
        assert (done.exit_code, done.complaint) == (0, "")
        assert expected == (path.stat().st_uid, path.stat().st_gid)


def test_unknown_owner_leaves_the_old_file(shell, folder):
    """An owner that doesn't exist fails the step before anything is replaced."""
    path = folder / "file"
    path.write_text("old")
    done = shell.run(Script(REPLACE, {"path": path, "content": "new", "owner": "-no-such; touch evil"}))
    assert done.exit_code == 1
    assert "was left as it was" in done.complaint
    assert (names(folder), path.read_text()) == (["file"], "old")


def test_symbolic_link_is_followed(shell, folder):
    """The file that a link leads to is replaced, with a newline at the end of its name too; the link stays."""
    target, link = folder / "target\n", folder / "link"
    target.write_text("old")
    link.symlink_to("target\n")
    done = shell.run(Script(f'backup_file "$path"\n{REPLACE}', {"path": link, "content": "new"}))
    assert (done.exit_code, done.complaint) == (0, "")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert (folder / "link.mountwright-backup").read_text() == "old"


def test_circle_of_links_is_refused(shell, folder):
    """A link that leads to itself is a failure that says so."""
    (folder / "loop").symlink_to("loop")
    done = shell.run(Script(REPLACE, {"path": folder / "loop", "content": "new"}))
    assert done.exit_code == 1
    assert "is a symbolic link that leads nowhere" in done.complaint


def test_directory_is_refused(shell, folder):
    """A directory is never replaced, nor is a file put into it."""
    done = shell.run(Script(REPLACE, {"path": folder, "content": "new"}))
    assert (done.exit_code, names(folder)) == (1, [])
    assert "is a directory, expected a file" in done.complaint


def test_relative_path_is_refused(shell):
    """A relative path is an error: where it leads is the caller's accident."""
    for body in (REPLACE, 'backup_file "$path"'):
        done = shell.run(Script(body, {"path": "etc/passwd", "content": "new"}))
        assert (done.exit_code, done.complaint) == (1, "etc/passwd is no absolute path\n")


def test_validator_judges_the_new_content(shell, folder):
    """The validator sees the new content under the name that is its $1; where it refuses, the old file stays."""
    path = folder / "file"
    path.write_text("old")
    values = {"path": path, "validator": 'grep -q good "$1" || { echo no good; exit 3; }'}
    done = shell.run(Script(REPLACE, {**values, "content": "bad"}))
    assert (done.exit_code, done.stdout, path.read_text()) == (1, b"no good\n", "old")
    assert "was refused by its check" in done.complaint
    assert names(folder) == ["file"]
    assert shell.run(Script(REPLACE, {**values, "content": "good"})).exit_code == 0
    assert path.read_text() == "good"


def test_read_only_folder(shell, open_folder):
    """Where no file can be made, the step fails and says where."""
    path = open_folder / "file"
    path.write_text("old")
    open_folder.chmod(0o555)
    if os.geteuid() == 0:
        shell = Shell(shell.command, Here(user=65534))
    done = shell.run(Script(REPLACE, {"path": path, "content": "new"}))
    assert (done.exit_code, path.read_text()) == (1, "old")
    assert f"no file could be made beside {path}" in done.complaint


FULL_DISK = r"""
mount -t tmpfs -o size=64k,nr_inodes=50 tmpfs "$folder"
path=$folder/file
printf old >"$path"
big=$(head -c 100000 /dev/zero | tr '\0' x)
head -c 200000 /dev/zero >"$folder/ballast" 2>/dev/null || :
code=0; replace_file "$path" '' '' 0644 "$big" '' || code=$?
printf 'replace %s %s\n' "$code" "$(cat "$path")"
code=0; backup_file "$path" || code=$?
printf 'backup %s %s\n' "$code" "$(cat "$path")"
ls -A "$folder"
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="a file system of its own needs root")
def test_full_disk(shell, tmp_path):
    """On a full disk the old content stays, no half-written file and no half backup is left, and the step fails."""
    alone = Shell(("unshare", "--mount", "--propagation=private", *shell.command))
    done = alone.run(Script(FULL_DISK, {"folder": tmp_path}))
    assert done.stdout == b"replace 1 old\nbackup 1 old\nballast\nfile\n"
    assert "was left as it was" in done.complaint
    assert "no backup of" in done.complaint


def test_killed_at_any_point(shell, tmp_path):
    """Killed at whatever moment, the file has its old content or the new one, never a part; likewise its backup."""
    path, backup = tmp_path / "file", tmp_path / "file.mountwright-backup"
    contents = {letter * 200_000 for letter in "ab"}
    path.write_text("a" * 200_000)
    chance = random.Random(7)  # noqa: S311 - moments, not secrets
    body = Script(f'backup_file "$path"\n{REPLACE}', {"path": path, "content": "a" * 200_000}).render()
    other = body.replace("a" * 200_000, "b" * 200_000)
    longest, ended = 0.05, 0
    for turn in range(24):
        text = program(Script(other if turn % 2 else body), "eu")
        begun = time.monotonic()
        with subprocess.Popen([*shell.command, "-s"], stdin=subprocess.PIPE, start_new_session=True) as process:
            assert process.stdin is not None
            process.stdin.write(text)
            process.stdin.close()
            time.sleep(chance.uniform(0, longest) if turn else 0)
            if turn:
                # the shell and what it has started: nobody is left to finish the work
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if turn == 0:
            longest = (time.monotonic() - begun) * 1.2
        ended += process.returncode == 0
        assert path.read_text() in contents
        assert not backup.exists() or backup.read_text() in contents
    assert 0 < ended < 24


def test_leftovers_of_killed_runs_are_removed(shell, folder):
    """A new file that a killed run left behind goes once it is an hour old; a young one may be in use."""
    for name, age in ((".mountwright.aaaaaaaa", 7200), (".mountwright.bbbbbbbb", 60), (".mountwright.keep", 7200)):
        (folder / name).touch()
        os.utime(folder / name, (time.time() - age,) * 2)
    assert shell.run(Script(REPLACE, {"path": folder / "file", "content": "new"})).exit_code == 0
    assert names(folder) == [".mountwright.bbbbbbbb", ".mountwright.keep", "file"]


def test_expected_content(shell, folder):
    """A step ends before it overwrites what was changed after the probe; an unchanged or absent file is fine."""
    path = folder / "file"
    body = 'expect_content "$path" "$sum"; echo reached'
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert shell.run(Script(body, {"path": path, "sum": ""})).stdout == b"reached\n"
    assert shell.run(Script(body, {"path": path, "sum": empty})).stdout == b""
    path.touch()
    assert shell.run(Script(body, {"path": path, "sum": empty})).stdout == b"reached\n"
    done = shell.run(Script(body, {"path": path, "sum": ""}))
    assert (1, f"{path} has changed since it was looked at; run again\n") == (done.exit_code, done.complaint)


def test_parents_are_made(shell, folder):
    """Missing folders are made with mode 0755; those that are there keep theirs; / is one of them."""
    folder.chmod(0o700)
    body = 'umask 077; umask 022; make_parents "$path"; make_parents /file'
    assert shell.run(Script(body, {"path": folder / "-a" / "b c" / "file"})).exit_code == 0
    assert [made.stat().st_mode & 0o777 for made in (folder / "-a" / "b c", folder / "-a", folder)] == [
        0o755,
        0o755,
        0o700,
    ]


@pytest.mark.parametrize(
    ("release", "family"),
    [
        ("ID=debian", "debian"),
        ("ID=ubuntu\nID_LIKE=debian", "debian"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"', "redhat"),
        ("ID=fedora", "redhat"),
        ('ID="opensuse-leap"\nID_LIKE="suse opensuse"', "suse"),
        ("ID=alpine", "other"),
    ],
)
def test_family_of_the_distribution(sandbox, release, family):
    """os-release(5) tells the family, by its ID or by what it is like."""
    sandbox.write("/etc/os-release", release + "\n")
    done = Shell(("dash",), sandbox).run(Script('echo "$os_family $os_id"'))
    assert f"{family} {release.partition('=')[2].split()[0].strip(chr(34))}\n" == done.stdout.decode()
