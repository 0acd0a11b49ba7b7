"""The shell text that calls ceph: no key passes it, and a failure is explained."""

from __future__ import annotations

import base64
import shutil
import struct
import subprocess

import pytest

from mountwright.ceph.access import Access
from mountwright.ceph.scripts import FUNCTIONS, GROUP, LOOK, NAMESPACE, POOL, USER
from mountwright.ceph.state import read_state
from mountwright.prelude import PRELUDE
from tests.shell.test_shellcheck import IGNORED

AES = base64.b64encode(struct.pack("<HIIH", 1, 1792000000, 5, 16) + bytes(range(16))).decode()
AES256K = base64.b64encode(struct.pack("<HIIH", 2, 1792000000, 5, 32) + bytes(range(240, 256)) * 2).decode()

# As Ceph 16.2 prints it, and as another version might: in many lines, with a slash escaped, with a second key.
ANSWERS = {
    "one line": (
        '{"auth_dump":[{"entity":"client.a","key":"KEY","caps":{"mon":"allow r","osd":"allow \\"x\\" pool=a"}}]}'
    ),
    "many lines": (
        '{\n  "auth_dump": [\n    {\n      "entity": "client.a",\n      "key": "KEY",\n      "caps": '
        '{\n "mon": "allow r",\n "osd": "allow \\"x\\" pool=a"\n}\n}\n]\n}'
    ),
    "two keys": (
        '{"auth_dump":[{"entity":"client.a","key":"KEY","pending_key":"KEY","caps":'
        '{"mon":"allow r","osd":"allow \\"x\\" pool=a"}}]}'
    ),
    "another name": (
        '{"auth_dump":[{"entity":"client.a","secret":"KEY","caps":{"mon":"allow r","osd":"allow \\"x\\" pool=a"}}]}'
    ),
}


BEFORE = '\n@health\n{"status":"HEALTH_OK"}\n@pools\n[]\n@users\n'


@pytest.mark.parametrize("key", [AES, AES256K, AES.replace("A", "/")], ids=["aes", "aes256k", "no key"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_no_key_leaves_the_host(shell, answer, key):
    """Whatever the answer looks like, its capabilities come through and its keys don't."""
    if "secret" in ANSWERS[answer] and not key.startswith("A"):
        key = AES
    script = Access().script(
        'printf "%s" "$before"; printf "%s" "$answer" | ceph_hide_keys',
        {"before": BEFORE, "answer": ANSWERS[answer].replace("KEY", key)},
    )
    ran = shell.run(script, "u")
    assert key.encode() not in ran.stdout
    assert key[4:30].encode() not in ran.stdout
    assert read_state(ran.stdout).users == {"client.a": {"mon": "allow r", "osd": 'allow "x" pool=a'}}


def test_complaints_have_no_key_either(shell):
    """Not even a program that shows a key in its error message brings it here; the library's log is left out."""
    text = f"2026-11-21T14:19:57.384+0000 7f26b36ed6c0 -1 auth: log\nError EINVAL: key {AES} is odd\n"
    ran = shell.run(Access().script('ceph_complain "$text"', {"text": text}))
    assert ran.stdout.decode() == "Error EINVAL: key ******** is odd\n"
    only_log = "2026-11-21T14:19:57.384+0000 7f26b36ed6c0  0 monclient: timed out"
    assert shell.run(Access().script('ceph_complain "$text"', {"text": only_log})).stdout.decode() == f"{only_log}\n"


def test_a_host_without_ceph(shell):
    """It says what is missing and which keys of storage.yml say where it should be."""
    if shutil.which("ceph"):
        pytest.fail("this machine has a ceph command, so nothing can be said of one without")
    ran = shell.run(Access().script(LOOK, {"users": True, "filesystems": False}), "u")
    assert ran.exit_code == 1
    assert "ceph is missing here: is this the host that ceph.admin" in ran.complaint
    ran = shell.run(Access(command=("no-such-program", "--")).script(USER, {"user": "client.a", "create": True}))
    assert ran.exit_code == 1
    assert "no-such-program is missing here" in ran.complaint


@pytest.mark.parametrize("option", ["conf", "keyring"])
def test_a_file_that_is_not_there(shell, option):
    """A path that leads nowhere is named; behind a prefix it is of a container, and ceph's own to say."""
    here = Access(command=(), **{option: "/no/such/file"})
    body = "have() { :; }\nceph_find"
    ran = shell.run(here.script(body))
    assert (ran.exit_code, "/no/such/file is not here" in ran.complaint) == (1, True)
    assert shell.run(Access(command=("env",), **{option: "/no/such/file"}).script(body)).exit_code == 0


def test_the_words_before_the_program_arrive_as_they_are(shell):
    """Spaces, quotes, globs and what shells act on are part of their word; the options follow the program's name."""
    words = ("a b", "*", "$(touch /tmp/mw-sprung)", "'", '"', "-x", "\\")
    print_all = ("sh", "-c", 'printf "<%s>" "$@"', "print")
    access = Access((*print_all, *words), cluster="c d", conf="/e f", keyring="/g", name="client.h")
    ran = shell.run(access.script('ceph_ osd pool ls "it\'s"'))
    expected = [
        *(*words, "ceph", "--cluster=c d", "--conf=/e f", "--keyring=/g", "--name=client.h"),
        *("--connect-timeout=15", "osd", "pool", "ls", "it's"),
    ]
    assert ran.stdout.decode() == "".join(f"<{word}>" for word in expected)


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ("rbd: pool already registered to a different application.", 0, "already registered"),
        ("log\nrbd: error registered application: (110) Connection timed out", 0, "no monitor or OSD answered"),
        ("Error EACCES: access denied", 13, "client.admin lacks the right"),
        ("[errno 13] RADOS permission denied (error connecting to the cluster)", 13, "don't take the key"),
        ("timed out", 1, "no monitor or OSD answered within 15 s"),
        ("[errno 2] RADOS object not found (error connecting to the cluster)", 1, "no key of client.admin"),
        ("ObjectNotFound('RADOS object not found (error calling conf_read_file)')", 1, "no ceph.conf here"),
    ],
)
def test_failures_are_explained(shell, said, code, words):
    """What Ceph's programs say (as measured), with what it means; and rbd's error that comes with exit code 0."""
    access = Access(("sh", "-c", 'printf "%s\\n" "$0" >&2; exit "$1"', said, str(code)))
    ran = shell.run(access.script("rbd_ pool init images || exit 7"))
    assert ran.exit_code == 7
    assert words in ran.complaint


def test_a_call_that_never_ends_is_ended(shell):
    """A command that a manager would serve waits for ever where none is active; a run does not."""
    script = Access(("sh", "-c", "exec sleep 30")).script("ceph_limit=1\nceph_ fs ls || exit 7")
    ran = shell.run(script, seconds=15)
    assert ran.exit_code == 7
    assert "gave no answer within 1 s" in ran.complaint


@pytest.mark.parametrize("body", [LOOK, POOL, USER, NAMESPACE, GROUP], ids=["look", "pool", "user", "ns", "group"])
def test_shellcheck_finds_nothing(body):
    """What runs on the admin host is POSIX sh without the known traps."""
    names = ("prefix", "cluster", "conf", "keyring", "name", "timeout", "limit")
    variables = (
        *(f"ceph_{name}" for name in names),
        "users",
        "filesystems",
        "pool",
        "create",
        "pg_num",
        "application",
    )
    declared = "".join(f"{name}=$(cat)\n" for name in (*variables, "user", "namespace", "filesystem", "group"))
    done = subprocess.run(
        ["shellcheck", "-f", "gcc", "-s", "sh", "-e", ",".join(IGNORED), "-"],
        input=f'#!/bin/sh\nset -- "$@"\n{PRELUDE}\n{declared}\n{FUNCTIONS}\n(\n{body}\n)\n'.encode(),
        capture_output=True,
        check=False,
    )
    assert done.stdout.decode().splitlines() == []
