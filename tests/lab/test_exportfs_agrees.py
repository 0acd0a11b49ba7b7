"""The exports(5) grammar against the real exportfs of two releases: what we say of a line is what it does.

exportfs needs no kernel server to read its files and to write etab, so a root tree and a mount namespace are enough.
"""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from mountwright.nfs.escapes import to_bytes, to_text
from mountwright.nfs.etab import parse_etab, same_effect
from mountwright.nfs.grammar import Entry, format_entry, normalise_path, parse_exports
from mountwright.nfs.options import exportfs_refuses_option, known_options
from tests.lab.images import debian_root

pytestmark = pytest.mark.lab

# Everything happens in a mount namespace of its own: the root tree stays as it is.
IN_ROOT = """
mount --bind "$2/srv" "$1/srv"
mount --bind "$2/nfs" "$1/var/lib/nfs"
mount --bind "$2/exports" "$1/etc/exports"
exec chroot "$1" exportfs -ra
"""
# nfs-utils 2.6.2 of Debian 12 does not know these yet.
NEWER = ("xprtsec", "reexport")


@dataclass(frozen=True)
class Exportfs:
    """The exportfs of a Debian release."""

    release: str
    root: Path
    work: Path

    def read(self, text: str) -> list[Entry]:
        """What exportfs makes of a file: the entries of etab."""
        self.work.joinpath("exports").write_bytes(to_bytes(text))
        self.work.joinpath("nfs/etab").write_bytes(b"")
        command = ["unshare", "--mount", "sh", "-euc", IN_ROOT, "sh", str(self.root), str(self.work)]
        done = subprocess.run(command, capture_output=True, timeout=60, check=False)
        assert done.returncode in (0, 1), done.stderr
        return parse_etab(to_text(self.work.joinpath("nfs/etab").read_bytes()))

    def directory(self, path: str) -> None:
        """Make a directory below /srv."""
        assert path.startswith("/srv/")
        Path(to_text(to_bytes(f"{self.work}{path}"))).mkdir(parents=True, exist_ok=True)


@pytest.fixture(scope="module", params=["12", "13"])
def exportfs(request, tmp_path_factory):
    work = tmp_path_factory.mktemp("exportfs")
    for name in ("srv/x", "nfs"):
        work.joinpath(name).mkdir(parents=True)
    work.joinpath("exports").touch()
    return Exportfs(request.param, debian_root(request.param, variant="prepared"), work)


def key(entry):
    return normalise_path(entry.path), entry.client


def test_any_path_that_we_write_is_the_one_that_it_exports(exportfs):
    """Whatever bytes a directory's name has, the line written for it exports that directory and no other."""
    chance = random.Random(20)  # noqa: S311 - the same names in every run
    letters = [*"\\01347 \"#'$()*@-,=é\t\n~;`&x", "\\040", "\\134", "\udcff"]
    names = ["".join(chance.choices(letters, k=chance.randint(1, 9))) for _ in range(60)]
    paths = [f"/srv/x/{number}{name}" for number, name in enumerate(names)]
    for path in paths:
        exportfs.directory(path)
    live = exportfs.read("".join(format_entry(path, "10.0.0.0/24", ["rw"]) + "\n" for path in paths))
    assert sorted(paths) == sorted(entry.path for entry in live)


@pytest.mark.parametrize(
    "text",
    [
        "/srv/x 10.0.0.0/24(rw,sync) 10.1.1.1 (rw)\n",
        "/srv/x -sync,rw 10.0.0.1 10.0.0.2(ro) -async 10.0.0.3\n",
        "/srv/x -rw\n",
        "/srv/x\n",
        "/srv/x 10.0.0.1(rw,) \\\n  10.0.0.2(ro)\\\n\n",
        "/srv/x 10.0.0.1(rw) # it's\\\n/srv/x 10.0.0.2(rw)\n",
        "#c\\\n/srv/x 10.0.0.2(rw)\n",
        '"/srv/x" "10.0.0.1(rw, sync)"\n',
        "/srv/\\170 10.0.0.2\\050rw)\n",
        "/srv/x 10.0.0.1(rw)\r\n/srv/x 10.0.0.2(ro)\r\n",
        "/srv/x 10.0.0.0/255.255.255.0(rw) 10.0.0.5/8(ro) FD00::0/64(rw) @grp(rw) *.Ex.com(rw) gss/krb5(rw)\n",
        "/srv/x/ 10.0.0.1(rw)\n/srv//x 10.0.0.2(rw)\n",
        "/srv/x 10.0.0.1(rw,fsid=0x10,anonuid=-2,anongid=4294967294,sec=krb5:sys,ro)\n",
        "/srv/x 10.0.0.1(rw,sec=sys,ro,sec=krb5,rw,no_root_squash)\n",
        "/srv/x 10.0.0.1(fsid=12345678-1234-1234-1234-123456789012,fsid=7,mp,refer=/a@b+c:/d@e)\n",
    ],
)
def test_a_line_without_a_fault_is_read_alike(exportfs, text):
    """The entries that we read are those of etab, and each has the effect that we expect of its options."""
    lines = parse_exports(text)
    wanted = {key(entry): entry for line in lines for entry in line.entries}
    live = {key(entry): entry for entry in exportfs.read(text)}
    assert sorted(wanted) == sorted(live)
    assert [difference for place in wanted for difference in same_effect(wanted[place], live[place])] == []


@pytest.mark.parametrize(
    "line",
    [
        "/srv/x 10.0.0.1(rw",
        "/srv/x 10.0.0.1(rw)x",
        "/srv/x 10.0.0.1(rw)#c",
        "/srv/x 10.0.0.1(rw,,sync)",
        "/srv/x 10.0.0.1(rw, sync)",
        "/srv/x 10.0.0.1(rw,bogus)",
        "/srv/x -bogus 10.0.0.1",
        "/srv/x 10.0.0.0/33(rw)",
        "/srv/x 10.0.0/24(rw)",
        "/srv/x 10.0.0.1)",
        "/srv/x 10.0.0.1(squash_uids=1,2)",
        f"/srv/x 10.0.0.1({'rw,' * 200}rw)",
        "\r",
    ],
)
def test_a_faulty_line_is_one_that_it_does_not_export(exportfs, line):
    """What we call a fault costs the line its export, or the lines after it theirs."""
    text = f"{line}\n/srv/x 10.0.0.9(ro)\n"
    faults = [fault for parsed in parse_exports(text) for fault in parsed.faults]
    wanted = [key(entry) for parsed in parse_exports(text) for entry in parsed.entries]
    assert {fault.line for fault in faults} == {1}
    assert sorted(wanted) != sorted(key(entry) for entry in exportfs.read(text))


def test_it_takes_every_option_that_we_let_pass(exportfs):
    """No option and no value that we call good is refused: one would take the rest of the file along."""
    values = ["", "=", "=0", "=07", "=0x1f", "=-2", "=/x", "=/x@h", "=sys", "=krb5:sys", "=sys:sys", "=none", "=tls"]
    options = [name + value for name in (*known_options(), "squash_uids", "squash_gids") for value in values]
    good = [
        option
        for option in options
        if exportfs_refuses_option(option) is None and not (exportfs.release == "12" and option.startswith(NEWER))
    ]
    lines = {f"10.0.{number}.1": f"/srv/x 10.0.{number}.1({option})\n" for number, option in enumerate(good)}
    assert len(good) > 60
    assert sorted(lines) == sorted(entry.client for entry in exportfs.read("".join(lines.values())))


@pytest.mark.parametrize(
    "option",
    [
        "RW",
        "rw=1",
        "refer",
        "anonuid=",
        "anonuid=x",
        "fsid=",
        "fsid=09",
        "fsid=x",
        "sec=",
        "sec=x",
        "sec=sys:",
        "mpx=/x",
    ],
)
def test_it_refuses_the_options_that_we_refuse(exportfs, option):
    """What we call a fault in other people's lines is one."""
    assert exportfs_refuses_option(option) is not None
    assert exportfs.read(f"/srv/x 10.0.0.1({option})\n") == []
