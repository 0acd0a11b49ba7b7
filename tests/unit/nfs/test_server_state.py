"""The records in which a server tells about itself."""

import pytest

from mountwright.errors import ProbeError
from mountwright.nfs.model import Entry
from mountwright.nfs.server_state import Connected, read_state


def record(kind, key=b"", content=b""):
    return b"%s %d %d\n%s\n%s\n" % (kind, len(key), len(content), key, content)


def test_all_records():
    """Each kind of record ends up where it belongs, whatever bytes its content has."""
    state = read_state(
        record(b"file", b"/etc/exports", b"# \xe9\r\n\nfile 1 1\n")
        + record(b"file", b"/etc/exports.d/a b.exports", b"")
        + record(b"etab", b"/var/lib/nfs/etab", b"/srv/a\\040b\t10.0.0.0/24(rw,sync)\n")
        + record(b"rmtab", b"/var/lib/nfs/rmtab", b"10.0.0.11:/srv/x:0x00000001\nfd00::1:/srv/y:0x00000002\n")
        + record(b"client", b"10.0.0.11:855", b"confirmed\nLinux NFSv4.2 node1")
        + record(b"name", b"Node1", b"10.0.0.11 node1.lan fd00::11 ")
        + record(b"real", b"/link", b"/data")
        + record(b"fact", b"exportfs")
        + record(b"fact", b"unread")
    )
    assert state.files == {"/etc/exports": b"# \xe9\r\n\nfile 1 1\n", "/etc/exports.d/a b.exports": b""}
    assert (Entry("/srv/a b", "10.0.0.0/24", ("rw", "sync")),) == state.live
    assert state.mounted == (("10.0.0.11", "/srv/x"), ("fd00::1", "/srv/y"))
    assert (Connected("10.0.0.11", "Linux NFSv4.2 node1", "confirmed"),) == state.connected
    assert state.names.same("node1", "fd00::11")
    assert state.names.same("NODE1", "node1.lan")
    assert not state.names.same("node1", "node2")
    assert (state.real_path("/link"), state.real_path("/srv//x/")) == ("/data", "/srv/x")
    assert (state.installed, state.unread) == (True, True)


def test_bare_host():
    """A host without any NFS package says nothing, which is a state as well."""
    state = read_state(b"")
    assert (dict(state.files), state.live, state.installed, state.unread) == ({}, (), False, False)


@pytest.mark.parametrize("output", [b"file 1 5\n/\nab\n", b"file 1 1\n/\nabc\n", b"garbage", b"file x 1\n/\na\n"])
def test_file_that_changed_under_the_reader(output):
    """A record whose size is not its content's is no state to plan from."""
    with pytest.raises(ProbeError, match="changed while it was read; run again"):
        read_state(output)


def test_index_knows_links_names_and_spellings():
    """An entry is found by what it exports to whom, not by how that is written."""
    state = read_state(
        record(b"real", b"/link", b"/data")
        + record(b"name", b"node1", b"10.0.0.11 node1.lan")
        + record(b"name", b"node1.lan", b"10.0.0.11 node1.lan")
    )
    index = state.index([Entry("/data", "node1.lan"), Entry("/srv/x", "10.0.0.0/255.255.255.0")])
    assert Entry("/link/", "10.0.0.11", ("rw",)) in index
    assert Entry("/link", "node1") in index
    assert Entry("/srv//x", "10.0.0.5/24") in index
    assert Entry("/srv/x", "10.0.0.11") not in index
    assert Entry("/dat", "node1") not in index
