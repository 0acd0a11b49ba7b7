"""NfsExports against the real exportfs of Debian, under each shell: what counts is what etab says in the end.

No kernel server is needed for that: exportfs reads the files and writes etab without one.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from mountwright.errors import HostError
from mountwright.nfs.model import Entry
from mountwright.resources.nfs_exports import NfsExports
from tests.lab.images import debian_root
from tests.shell.harness import SHELLS, Sandbox, Shell

pytestmark = pytest.mark.lab

RW = ("rw", "sync", "no_subtree_check")
A = Entry("/srv/a", "10.0.0.0/24", RW)
B = Entry("/srv/b", "10.0.0.11", ("ro", "no_subtree_check"))
OWN_FILE = "/etc/exports.d/mw.exports"


class Server:
    """A Debian root with exportfs, in which every command sees what the ones before it left."""

    def __init__(self, folder, command):
        self.sandbox = Sandbox(folder, tree=str(debian_root("12", variant="prepared")))
        busybox = shutil.which("busybox")
        self.write("/usr/bin/busybox", Path(busybox).read_bytes(), 0o755)
        self.shell = Shell(command, self.sandbox)
        self.sh("mkdir -p /srv/a /srv/b /srv/c /srv/'d d' /data/real; rm -f /etc/exports; ln -s /data/real /srv/link")
        self.write("/etc/hosts", "127.0.0.1 localhost\n10.0.0.11 node1.lan node1\n")

    def write(self, path, content, mode=0o644):
        self.sandbox.write(path, content, mode)

    def sh(self, text):
        done = self.sandbox.execute(["sh", "-euc", text], b"")
        assert done.exit_code == 0, done.complaint
        return done.stdout

    def read(self, path):
        return self.sh(f"cat {path}")

    def live(self):
        """What etab has: path and client of each entry."""
        lines = self.read("/var/lib/nfs/etab").decode().splitlines()
        return sorted(line.partition("(")[0].replace("\t", " ") for line in lines)

    def converge(self, *entries, **settings):
        return self.shell.converge(NfsExports(entries, **settings))

    def fails(self, *entries, **settings):
        """Apply a change that the host can't take, and return what it says."""
        resource = NfsExports(entries, **settings)
        done = self.shell.run(self.shell.plan(resource).script)
        assert done.exit_code == 1
        return done.complaint

    def refuses(self, *entries, **settings):
        with pytest.raises(HostError) as caught:
            self.shell.plan(NfsExports(entries, **settings))
        return caught.value.message


@pytest.fixture(params=SHELLS.values(), ids=SHELLS)
def server(request, tmp_path):
    """A server without any exports."""
    if os.geteuid() != 0:
        pytest.fail("this test needs root for its mounts; run it as root")
    return Server(tmp_path, request.param)


FOREIGN = b"# caf\xe9\r\n/srv/c 10.9.0.0/16(ro,no_subtree_check)\r\n\n# no newline"


def test_exports_are_served_and_foreign_bytes_kept(server):
    """Our lines are added and taken away again; everything else in the file is what it was."""
    server.write("/etc/exports", FOREIGN, 0o640)
    server.converge(A, B)
    assert server.live() == ["/srv/a 10.0.0.0/24", "/srv/b 10.0.0.11", "/srv/c 10.9.0.0/16"]
    assert server.read("/etc/exports").startswith(FOREIGN + b"\n# BEGIN mountwright")
    server.converge(A)
    assert server.live() == ["/srv/a 10.0.0.0/24", "/srv/c 10.9.0.0/16"]
    server.converge()
    assert server.read("/etc/exports") == FOREIGN + b"\n"
    assert server.sh("stat -c %a /etc/exports") == b"640\n"


@pytest.mark.parametrize(
    "name", ["d d", "$(touch evil)", "it's", '"quoted"', "a#b", "back\\slash", "ümläut", "-rf", ";x", "*", "%s"]
)
def test_any_path(server, name):
    """A path arrives in etab as the directory that it is; nothing in it is executed."""
    path = f"/srv/{name}"
    server.sandbox.execute(["mkdir", "-p", path], b"")
    server.converge(Entry(path, "10.0.0.0/24", RW))
    assert len(server.live()) == 1
    assert server.sandbox.execute(["test", "-e", "/evil"], b"").exit_code == 1


@pytest.mark.parametrize(
    "client",
    ["node1", "10.0.0.11", "fd00::1", "fd00::/64", "10.0.0.0/255.255.255.0", "*.lan", "@nodes", "*", "node?"],
)
def test_any_client(server, client):
    """Every form of client is found in etab again, also where exportfs writes it in another way."""
    server.converge(Entry("/srv/a", client, RW))
    assert len(server.live()) == 1


def test_name_and_address_of_one_host(server):
    """exportfs shows a host under the first name it met; that is no difference."""
    server.converge(Entry("/srv/a", "node1", RW), Entry("/srv/b", "10.0.0.11", RW))
    assert len(server.live()) == 2


def test_link(server):
    """A path that leads over a symbolic link is live under the path that it leads to."""
    server.converge(Entry("/srv/link", "10.0.0.0/24", RW))
    assert server.live() == ["/data/real 10.0.0.0/24"]


def test_changed_options_are_live(server):
    """An option is changed in etab, not only in the file."""
    server.converge(A)
    server.converge(Entry("/srv/a", "10.0.0.0/24", ("ro", "all_squash", "anonuid=1000", "no_subtree_check")))
    etab = server.read("/var/lib/nfs/etab")
    assert b"\t10.0.0.0/24(ro," in etab
    assert b",all_squash," in etab
    assert b"anonuid=1000," in etab


def test_killed_before_exportfs(server):
    """The file is new, etab is old: the next run brings etab after it, in both directions."""
    server.converge(A, B)
    text = server.read("/etc/exports").replace(b"/srv/b 10.0.0.11(ro", b"/srv/c 10.0.0.11(ro")
    server.sh("sleep 1.1")  # busybox find compares whole seconds
    server.write("/etc/exports", text)
    change = server.converge(A, Entry("/srv/c", "10.0.0.11", B.options))
    assert change.summary == "export /srv/c to 10.0.0.11; withdraw /srv/b from 10.0.0.11"
    assert server.live() == ["/srv/a 10.0.0.0/24", "/srv/c 10.0.0.11"]


def test_lost_live_export_is_brought_back(server):
    """Somebody's exportfs -u is drift."""
    server.converge(A, B)
    server.sh("exportfs -u 10.0.0.0/24:/srv/a")
    assert server.converge(A, B).summary == "export /srv/a to 10.0.0.0/24"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("/srv/c node1(ro,no_subtree_chek)", "'no_subtree_chek' is no option of exports(5)"),
        ("/srv/c node1(ro", "is not closed by ')'"),
        ("/srv/c node1 (rw)", "everybody (*) gets (rw)"),
        ("/srv/c 10.0.0.0/33(ro)", "the prefix length /33 is above /32"),
    ],
)
def test_bad_foreign_line(server, line, fault):
    """It is named before anything is changed, wherever it stands."""
    server.converge(A)
    for path in ("/etc/exports", "/etc/exports.d/z.exports"):
        before = server.read("/etc/exports")
        server.write(path, f"{line}\n".encode() + (before if path == "/etc/exports" else b""))
        message = server.refuses(A, B)
        assert f"{path}:1: " in message
        assert fault in message
        server.write("/etc/exports", before)
        server.sh("rm -f /etc/exports.d/*")
    assert server.live() == ["/srv/a 10.0.0.0/24"]


def test_foreign_line_takes_our_export(server):
    """The line that has it is named, by whatever name it calls the host."""
    server.write("/etc/exports.d/f.exports", "# x\n/srv/b node1(rw,no_subtree_check)\n")
    assert server.refuses(A, B).startswith("/etc/exports.d/f.exports:2 exports /srv/b to node1, ")


@pytest.mark.parametrize("file", ["/etc/exports", OWN_FILE])
def test_name_that_does_not_resolve(server, file):
    """exportfs ends well and drops it; so the old exports are put back, file and etab, and the host is told."""
    server.write("/etc/exports", FOREIGN)
    server.converge(A, file=file)
    before = (server.read("/etc/exports"), server.read(file), server.live())
    complaint = server.fails(A, B, Entry("/srv/c", "nosuchhost", RW), file=file)
    assert "Failed to resolve nosuchhost" in complaint
    assert "/srv/c is not exported to nosuchhost" in complaint
    assert (server.read("/etc/exports"), server.read(file), server.live()) == before


def test_first_run_that_fails_leaves_no_file(server):
    """What did not exist before does not exist afterwards."""
    server.fails(Entry("/srv/c", "nosuchhost", RW), file=OWN_FILE)
    assert server.sh("ls /etc/exports.d") == b""


def test_missing_directory(server):
    """exportfs keeps an entry in etab whose directory does not exist; that is no export."""
    complaint = server.fails(A, Entry("/srv/none", "10.0.0.0/24", RW))
    assert "Failed to stat /srv/none" in complaint
    assert server.live() == []


def test_foreign_missing_directory_is_not_our_failure(server):
    """exportfs ends with 1 because of somebody else's line, but ours are served."""
    server.write("/etc/exports", "/srv/none 10.9.0.0/16(ro,no_subtree_check)\n")
    server.converge(A)
    assert "/srv/a 10.0.0.0/24" in server.live()


@pytest.mark.parametrize("path", ["/etc/exports", "/etc/exports.d/f.exports"])
def test_file_that_changed_since_it_was_looked_at(server, path):
    """A plan is for the files that were seen; what another hand wrote in between is not lost."""
    server.write(path, "# one\n")
    change = server.shell.plan(NfsExports((A,)))
    server.write(path, "# two\n")
    done = server.shell.run(change.script)
    assert (done.exit_code, done.complaint) == (1, f"{path} has changed since it was looked at; run again\n")
    assert server.read(path) == b"# two\n"


def test_moving_to_a_file_of_our_own_and_back(server):
    """The live exports are the same all the while, and nothing of ours stays in the other file."""
    server.write("/etc/exports", FOREIGN)
    server.converge(A)
    live = server.live()
    server.converge(A, file=OWN_FILE)
    assert (server.live(), server.read("/etc/exports")) == (live, FOREIGN + b"\n")
    server.converge(A)
    assert server.live() == live
    assert server.sh("ls /etc/exports.d/*.exports 2>/dev/null || :") == b""


def test_two_hundred_exports(server):
    """Many exports take seconds, not minutes."""
    server.sh("for n in $(seq 200); do mkdir -p /srv/many/$n; done")
    server.converge(*(Entry(f"/srv/many/{number}", "10.0.0.0/24", RW) for number in range(1, 201)))
    assert len(server.live()) == 200
