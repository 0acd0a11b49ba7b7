"""What is planned for a server's exports, from what its probe told."""

import pytest

from mountwright.errors import HostError
from mountwright.nfs.model import Entry
from mountwright.resources.base import Observed, OperatingSystem
from mountwright.resources.nfs_exports import NfsExports

OS = OperatingSystem("debian")
A = Entry("/srv/a", "10.0.0.0/24", ("rw", "sync", "no_subtree_check"))
B = Entry("/srv/b b", "node1", ("ro", "no_subtree_check"))
LINE_A = "/srv/a 10.0.0.0/24(rw,sync,no_subtree_check)\n"
LINE_B = "/srv/b\\040b node1(ro,no_subtree_check)\n"
FIRST = "# BEGIN mountwright: written from storage.yml; what is changed here by hand is lost\n"
LAST = "# END mountwright\n"
OWN = "# Managed by mountwright: written from storage.yml; what is changed here by hand is lost\n"
SHOWN = (
    "sync,wdelay,hide,nocrossmnt,secure,root_squash,no_all_squash,no_subtree_check,secure_locks,acl,no_pnfs,"
    "anonuid=65534,anongid=65534,sec=sys,{0},secure,root_squash,no_all_squash"
)
LIVE_A = f"/srv/a\t10.0.0.0/24(rw,{SHOWN.format('rw')})\n"
LIVE_B = f"/srv/b\\040b\tnode1.lan(ro,{SHOWN.format('ro')})\n"


def record(kind, key="", content=""):
    key, content = key.encode(), content if isinstance(content, bytes) else content.encode()
    return b"%s %d %d\n%s\n%s\n" % (kind.encode(), len(key), len(content), key, content)


def seen(exports=None, *, etab="", files=(), more=b"", installed=True):
    """What the probe prints on a server with these files."""
    output = b"" if exports is None else record("file", "/etc/exports", exports)
    output += b"".join(record("file", path, text) for path, text in files)
    output += record("etab", "/var/lib/nfs/etab", etab)
    output += record("name", "node1", "10.0.0.11 node1.lan") + record("name", "node1.lan", "10.0.0.11 node1.lan")
    return Observed(present=True, stdout=output + more + (record("fact", "exportfs") if installed else b""))


def plan(resource, observed):
    return resource.plan(observed, OS)


def refusal(resource, observed):
    with pytest.raises(HostError) as caught:
        resource.plan(observed, OS)
    return caught.value.message


def test_id_names_the_file():
    """The report shows which file the exports are in."""
    assert NfsExports((A,)).id == "nfs_exports:/etc/exports"


def test_declared_and_live_is_no_change():
    """When the file and etab are as declared, nothing is to be done; a canonical host name is the same host."""
    assert plan(NfsExports((A, B)), seen(f"# x\n{FIRST}{LINE_A}{LINE_B}{LAST}", etab=LIVE_B + LIVE_A)) is None


def test_fresh_host_shows_the_new_file():
    """Before the package is there, the plan is what the file will be."""
    change = plan(NfsExports((A, B)), seen(installed=False))
    assert (change.before, change.after) == (None, FIRST + LINE_A + LINE_B + LAST)
    assert change.summary == "export /srv/a to 10.0.0.0/24, /srv/b b to node1"


def test_foreign_bytes_are_kept():
    """The script carries every foreign byte back, and the diff shows those that are no UTF-8 readably."""
    foreign = b"# caf\xe9\r\n/other *(ro)"
    change = plan(NfsExports((A,)), seen(foreign))
    assert change.after == f"# caf\\xe9\r\n/other *(ro)\n{FIRST}{LINE_A}{LAST}"
    assert foreign + f"\n{FIRST}{LINE_A}{LAST}".encode() in change.script.arguments


def test_file_is_right_but_etab_is_not():
    """A run that died before exportfs is healed: etab counts, not the file alone."""
    change = plan(NfsExports((A, B)), seen(FIRST + LINE_A + LINE_B + LAST, etab=LIVE_A))
    assert change.summary == "export /srv/b b to node1"
    assert (change.before, change.after) == (None, None)
    assert change.notes == ("/etc/exports is as declared, but not what is exported: exportfs -ra is run",)


def test_live_options_differ():
    """An export that is live with other options is a change that says which."""
    change = plan(NfsExports((A,)), seen(FIRST + LINE_A + LAST, etab=LIVE_A.replace("(rw,sync", "(rw,async")))
    assert change.summary == "change the options of /srv/a for 10.0.0.0/24"
    assert "declared sync, live async" in change.notes[0]


def test_withdrawn_export_leaves_file_and_etab():
    """What is no longer declared goes."""
    change = plan(NfsExports((A,)), seen(FIRST + LINE_A + LINE_B + LAST, etab=LIVE_A + LIVE_B))
    assert change.summary == "withdraw /srv/b b from node1"
    assert change.after == FIRST + LINE_A + LAST


def test_empty_declaration_removes_the_block():
    """No exports, no block; the other lines stay."""
    change = plan(NfsExports(()), seen("/o *(ro)\n" + FIRST + LINE_A + LAST + "# end\n", etab=LIVE_A))
    assert change.after == "/o *(ro)\n# end\n"


def test_nothing_declared_on_a_bare_host():
    """A server without exports needs no file."""
    assert plan(NfsExports(()), seen()) is None


BAD_LINES = [
    ("/o node1(ro,no_subtree_chek)\n", "'no_subtree_chek' is no option of exports(5)"),
    ("/o node1(ro\n", "is not closed by ')'"),
    ("/o node1 (rw)\n", "everybody (*) gets (rw)"),
    ("garbage\n", "'garbage' is no absolute path"),
]


@pytest.mark.parametrize(("line", "fault"), BAD_LINES)
def test_faulty_foreign_line_is_named(line, fault):
    """A bad line of somebody else is found with file and line, before or after our block, also when all is done."""
    ours = FIRST + LINE_A + LAST
    for text, number in ((f"# top\n{line}{ours}", 2), (f"{ours}{line}", 4)):
        message = refusal(NfsExports((A,)), seen(text, etab=LIVE_A))
        assert f"a line that is not ours is faulty: /etc/exports:{number}: " in message
        assert fault in message
    message = refusal(NfsExports((A,)), seen(ours, files=[("/etc/exports.d/z.exports", line)]))
    assert "/etc/exports.d/z.exports:1: " in message


def test_every_faulty_line_is_told():
    """One run shows all of them."""
    with pytest.raises(HostError) as caught:
        plan(NfsExports((A,)), seen("garbage\n/o n(\n"))
    assert [line.partition(": ")[0] for line in caught.value.output] == ["/etc/exports:1", "/etc/exports:2"]


@pytest.mark.parametrize("line", ["/srv//a/ 10.0.0.9/24(ro)\n", "/srv/a 10.0.0.0/255.255.255.0(ro)\n"])
def test_foreign_line_that_takes_our_export(line):
    """The same path to the same client, however it is spelt, is a collision with the line that has it."""
    message = refusal(NfsExports((A,)), seen("# top\n" + line))
    assert message.startswith("/etc/exports:2 exports /srv/")
    assert "which is declared in storage.yml as well" in message


def test_foreign_line_takes_our_client_by_address():
    """exportfs takes a name and its address for one client, so do we."""
    message = refusal(
        NfsExports((B,)), seen("", files=[("/etc/exports.d/f.exports", "/srv/b\\040b 10.0.0.11(rw)\n")])
    )
    assert message.startswith("/etc/exports.d/f.exports:1 exports /srv/b b to 10.0.0.11, ")


def test_same_path_to_another_client_is_no_collision():
    """A foreign line may export our path to somebody else."""
    assert plan(NfsExports((A,)), seen(f"/srv/a 10.1.0.0/16(ro)\n{FIRST}{LINE_A}{LAST}", etab=LIVE_A)) is None


def test_broken_markers_are_named():
    """Nothing is guessed about where our block ends."""
    message = refusal(NfsExports((A,)), seen(f"# x\n{FIRST}{LINE_A}"))
    assert message.startswith("/etc/exports: its mountwright markers are broken: ")
    assert "found BEGIN in line 2" in message


def test_own_file():
    """In exports.d the whole file is ours."""
    change = plan(NfsExports((A,), file="/etc/exports.d/mw.exports"), seen("/o *(ro)\n"))
    assert (change.before, change.after) == (None, OWN + LINE_A)
    done = seen("/o *(ro)\n", files=[("/etc/exports.d/mw.exports", OWN + LINE_A)], etab=LIVE_A)
    assert plan(NfsExports((A,), file="/etc/exports.d/mw.exports"), done) is None


def test_own_file_never_replaces_a_foreign_one():
    """A file of that name that we have not written is somebody's."""
    files = [("/etc/exports.d/mw.exports", "/o *(ro)\n")]
    message = refusal(NfsExports((A,), file="/etc/exports.d/mw.exports"), seen("", files=files))
    assert message.startswith("/etc/exports.d/mw.exports exists and was not written by mountwright")


@pytest.mark.parametrize(
    ("target", "exports", "files"),
    [
        ("/etc/exports.d/mw.exports", "# t\n" + FIRST + LINE_A + LAST, []),
        ("/etc/exports", "# t\n", [("/etc/exports.d/old.exports", OWN + LINE_A)]),
    ],
)
def test_moving_between_the_files(target, exports, files):
    """What is ours leaves the file it was in; the live exports stay, so nobody is asked about mounts."""
    mounted = record("rmtab", "/var/lib/nfs/rmtab", "10.0.0.11:/srv/a:0x1\n")
    change = plan(NfsExports((A,), file=target), seen(exports, files=files, etab=LIVE_A, more=mounted))
    actions = dict(zip(change.script.arguments[::5], change.script.arguments[2::5], strict=True))
    assert actions == (
        {"/etc/exports": "write", target: "write"}
        if files == []
        else {"/etc/exports": "write", "/etc/exports.d/old.exports": "remove"}
    )


MOUNTED = record("rmtab", "/var/lib/nfs/rmtab", "10.0.0.11:/srv/a:0x00000001\n")
CONNECTED = record("client", "10.0.0.11:855", "confirmed\nLinux NFSv4.2 node1")


def test_mounted_export_is_not_withdrawn():
    """The refusal names the client and the export, and both ways on."""
    message = refusal(NfsExports(()), seen(FIRST + LINE_A + LAST, etab=LIVE_A, more=MOUNTED))
    assert "/srv/a for 10.0.0.0/24: 10.0.0.11 has it mounted (NFSv3, by rmtab)" in message
    assert "unmount it there first, or use --withdraw-mounted" in message


def test_v4_client_may_have_it_mounted():
    """A connected v4 client is a reason as well, in other words."""
    message = refusal(NfsExports(()), seen(FIRST + LINE_A + LAST, etab=LIVE_A, more=CONNECTED))
    assert "10.0.0.11 (Linux NFSv4.2 node1) is connected over NFSv4 and may have it mounted" in message


def test_export_that_is_no_longer_live_is_asked_about_as_well():
    """A stopped server has an empty etab; who mounted the export will still miss it."""
    assert "10.0.0.11 has it mounted" in refusal(NfsExports(()), seen(FIRST + LINE_A + LAST, more=MOUNTED))


def test_forced_withdrawal():
    """--withdraw-mounted is the operator's word."""
    server = seen(FIRST + LINE_A + LAST, etab=LIVE_A, more=MOUNTED + CONNECTED)
    assert plan(NfsExports((), withdraw_mounted=True), server).summary == "withdraw /srv/a from 10.0.0.0/24"


def test_mounted_export_does_not_stop_other_changes():
    """Only what is withdrawn is asked about."""
    assert plan(NfsExports((A, B)), seen(FIRST + LINE_A + LAST, etab=LIVE_A, more=MOUNTED)) is not None


def test_export_made_by_hand_is_left_alone():
    """What somebody exported with exportfs -i is no reason for a change of its own."""
    assert plan(NfsExports((A,)), seen(FIRST + LINE_A + LAST, etab=LIVE_A + LIVE_B)) is None


def test_export_left_live_by_a_cut_off_run_is_withdrawn():
    """When the file is newer than what exportfs last did, what is live and in no file is to go."""
    server = seen(FIRST + LINE_A + LAST, etab=LIVE_A + LIVE_B, more=record("fact", "unread"))
    change = plan(NfsExports((A,)), server)
    assert change.summary == "withdraw /srv/b b from node1.lan"


def test_export_made_by_hand_is_not_lost_while_mounted():
    """exportfs -ra would withdraw it together with our change, so it is asked about."""
    server = seen(FIRST + LINE_B + LAST, etab=LIVE_A + LIVE_B, more=MOUNTED)
    other = Entry("/srv/c", "10.0.0.0/24", ("rw",))
    assert "/srv/a for 10.0.0.0/24: 10.0.0.11 has it mounted" in refusal(NfsExports((B, other)), server)


def test_live_foreign_exports_have_to_stay():
    """The step is told which foreign exports must still be there afterwards: those that were."""
    live = "/o\t*(ro)\n"
    change = plan(NfsExports((A,)), seen("/o *(ro)\n/never unresolved(ro)\n", etab=live))
    assert change.script.values["kept"] == b"*\t/o"


def test_step_is_told_what_etab_must_show():
    """Declared flags are compared on the host at once; flags under sec= wait for the next look."""
    krb = Entry("/srv/k", "*", ("sec=krb5", "rw"))
    undone = Entry("/srv/u", "*", ("rw", "ro", "anonuid=0"))
    change = plan(NfsExports((A, krb, undone)), seen(""))
    assert change.script.values["wanted"].decode().splitlines() == [
        "10.0.0.0/24\trw,sync,no_subtree_check\t/srv/a",
        "*\t-\t/srv/k",
        "*\tro\t/srv/u",
    ]


def test_step_refuses_files_that_have_changed():
    """Every exports file goes along with the hash of what was seen."""
    change = plan(NfsExports((A,)), seen("", files=[("/etc/exports.d/f.exports", "/o *(ro)\n")]))
    hashes = dict(zip(change.script.arguments[::5], change.script.arguments[1::5], strict=True))
    assert hashes == {
        "/etc/exports": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "/etc/exports.d/f.exports": "f602500e3c9606428a9f38a775328e9c09c3c832040c0454972599e215e7c834",
    }


def test_nul_bytes_are_no_text():
    """A file that no shell can carry is refused, not shortened."""
    assert "has NUL bytes" in refusal(NfsExports((A,)), seen(b"# a\0b\n"))


def test_many_exports_are_planned_fast():
    """A thousand exports take no longer than a blink: lookups are by key."""
    entries = tuple(Entry(f"/srv/{number}", "10.0.0.0/24", ("rw",)) for number in range(1000))
    live = "".join(f"{entry.path}\t10.0.0.0/24(rw,{SHOWN.format('rw')})\n" for entry in entries)
    text = FIRST + "".join(f"{entry.path} {entry.client}(rw)\n" for entry in entries) + LAST
    assert plan(NfsExports(entries), seen(text, etab=live)) is None
