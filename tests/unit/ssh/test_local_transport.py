"""Programs on this machine: the bootstrap on real shells, and the pump of the three pipes."""

import os
import shutil
import stat
import time

import pytest

from mountwright.errors import BecomeError, ConnectionLostError
from mountwright.local_transport import LocalTransport
from mountwright.secret import Secret

SHELLS = ["dash", "bash", "busybox"]

# Stands where sudo stands and reads stdin as sudo -S does: one line is the password, the rest is the command's.
SUDO = """#!/bin/sh
for word do case $word in *"$SECRET"*) echo "the password is in argv"; exit 9;; esac; done
case "$*" in
*-S*) while :; do
        printf '%s' "$4" >&2
        IFS= read -r word || { echo 'sudo: no password was provided' >&2; exit 1; }
        echo "$word" >>"$0.asked"
        [ "$word" = "$SECRET" ] && break
        echo 'Sorry, try again.' >&2
      done
esac
while [ "$1" != -- ]; do [ "$1" = -u ] && echo "$2" >"$0.user"; shift; done
shift
exec "$@"
"""


@pytest.fixture(params=SHELLS)
def shell(request, tmp_path, monkeypatch):
    """Make ``sh`` be one of the shells that hosts have."""
    path = shutil.which(request.param)
    assert path, f"{request.param} is not installed; see tests/lab/requirements.sh"
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "sh").symlink_to(path)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


@pytest.fixture
def sudo(shell, monkeypatch):
    path = shell / "sudo"
    path.write_text(SUDO)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("SECRET", "right 'word")
    return path


@pytest.mark.usefixtures("shell")
def test_output_exit_code_and_bytes_are_exact():
    """stdout and stderr are kept apart, byte for byte, and both programs of a transport run."""
    transport = LocalTransport()
    for _ in range(2):
        done = transport.run("main() { printf 'a\\377b'; printf 'é\udcfe' >&2; exit 7; }\nmain </dev/null\n")
        assert (done.exit_code, done.stdout, done.stderr) == (7, b"a\xffb", b"\xc3\xa9\xfe")


def test_sudo_gets_the_password_and_the_program_is_whole(sudo):
    """The password line is sudo's, the program is all the shell's."""
    transport = LocalTransport(become_user="some one", become_password=Secret("right 'word"))
    for _ in range(2):
        done = transport.run("echo first\necho done")
        assert (done.exit_code, done.stdout) == (0, b"first\ndone\n")
    assert (sudo.parent / "sudo.user").read_text() == "some one\n"
    assert (sudo.parent / "sudo.asked").read_text() == "right 'word\n" * 2


@pytest.mark.usefixtures("shell")
def test_a_password_that_nobody_asks_for_is_not_executed(tmp_path):
    """Already the user: the line is dropped, even one that would be a command."""
    canary = tmp_path / "canary"
    me = LocalTransport().run("id -un").stdout.decode().strip()
    transport = LocalTransport(become_user=me, become_password=Secret(f"touch '{canary}'"))
    for _ in range(2):
        assert transport.run("echo hi").stdout == b"hi\n"
    assert not canary.exists()


def test_a_wrong_password_is_tried_once(sudo):
    """Neither our framing nor the program is ever given to sudo for a guess."""
    transport = LocalTransport(become_user="joe", become_password=Secret("wrong"))
    with pytest.raises(BecomeError, match="could not become joe: sudo refused the password"):
        transport.run("echo never >&2; echo 'right'")
    assert (sudo.parent / "sudo.asked").read_text() == "wrong\n"


def test_without_sudo_it_is_said(shell, monkeypatch):
    """The shell's own "not found" would tell nothing."""
    for name in ("id", "cat"):
        (shell / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(shell))
    with pytest.raises(BecomeError, match="sudo is not installed"):
        LocalTransport(become_user="joe").run("echo never")


@pytest.mark.parametrize("user", ["$(touch canary)", "`touch canary`", "a b;touch canary", "'", "-s"])
def test_a_hostile_user_name_is_a_name(sudo, user, tmp_path, monkeypatch):
    """It arrives at sudo byte for byte."""
    monkeypatch.chdir(tmp_path)
    LocalTransport(become_user=user).run("true")
    assert (sudo.parent / "sudo.user").read_text() == f"{user}\n"
    assert list(tmp_path.glob("**/canary")) == []


def test_a_big_program_and_big_outputs_do_not_stop_each_other():
    """Megabytes go in while megabytes come out on both pipes."""
    program = (
        f": '{'x' * 1_000_000}'\nhead -c 5000000 /dev/zero\nhead -c 5000000 /dev/zero >&2\n: '{'y' * 1_000_000}'\n"
    )
    done = LocalTransport().run(program)
    assert (done.exit_code, len(done.stdout), len(done.stderr)) == (0, 5_000_000, 5_000_000)


def test_stdout_is_handed_over_as_it_comes():
    """A step's frame is seen when the step ends, not when all end."""
    seen = []
    LocalTransport().run(
        "echo one; sleep 0.2; echo two", on_stdout=lambda data: seen.append((time.monotonic(), data))
    )
    assert b"".join(data for _, data in seen) == b"one\ntwo\n"
    assert seen[-1][0] - seen[0][0] > 0.1


def test_silence_ends_the_program():
    """What prints nothing for too long is ended."""
    begun = time.monotonic()
    with pytest.raises(ConnectionLostError, match=r"printed nothing for 0\.3 s"):
        LocalTransport().run("echo hi; exec sleep 20", silence=0.3)
    assert time.monotonic() - begun < 5


def test_a_daemon_that_keeps_the_pipes_does_not_hold_us():
    """The program has ended, so it is done."""
    begun = time.monotonic()
    assert LocalTransport().run("sleep 6 & echo started").stdout == b"started\n"
    assert time.monotonic() - begun < 5
