"""What exports(5) means to the verify suite."""

from __future__ import annotations

import pytest

from mountwright.duties import DeclaredExport
from mountwright.verify import exports


def test_etab_is_read():
    """Each line is a path and a client with all options spelt out; blanks in a path are octal."""
    text = "/srv/a\\040b\t10.0.0.0/24(rw,sync,root_squash)\n/srv/c\t*(ro)\n"
    assert exports.parse_etab(text) == {
        ("/srv/a b", "10.0.0.0/24"): {"rw", "sync", "root_squash"},
        ("/srv/c", "*"): {"ro"},
    }


@pytest.mark.parametrize("text", ["plain", "a\\040b", "\\011", "caf\\303\\251", "caf\udce9", "\\777", "\\04"])
def test_unescape_keeps_what_is_no_escape(text):
    """Only three octal digits of a byte are an escape."""
    wanted = {"a\\040b": "a b", "\\011": "\t", "caf\\303\\251": "café"}
    assert exports.unescape(text) == wanted.get(text, text)


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ("10.0.0.0/255.255.255.0", "10.0.0.0/24"),
        ("10.0.0.7/24", "10.0.0.0/24"),
        ("10.0.0.7/32", "10.0.0.7"),
        ("FD00::1", "fd00::1"),
        ("*.example.com", "*.example.com"),
        ("@nodes", "@nodes"),
    ],
)
def test_one_spelling_for_a_client(client, expected):
    """Networks are compared, not their spellings."""
    assert exports.normal_client(client) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), {"ro", "sync", "secure", "root_squash"}),
        (("rw", "async", "insecure", "no_root_squash"), {"rw", "async", "insecure", "no_root_squash"}),
        (("rw", "all_squash"), {"rw", "sync", "secure", "root_squash", "all_squash"}),
    ],
)
def test_defaults_of_options(options, expected):
    """What is not declared has the default of exports(5)."""
    assert exports.effective(options) == expected


def test_squashed_users():
    """They become nobody, or whom the options name."""
    assert exports.anonymous(("rw",)) == (65534, 65534)
    assert exports.anonymous(("anonuid=1000", "anongid=2000")) == (1000, 2000)


def test_order_of_clients():
    """The server takes the most particular client first."""
    clients = ["*", "@nodes", "*.example.com", "10.0.0.0/24", "node1", "10.0.0.5", "fd00::/64", "fd00::1"]
    assert sorted(clients, key=exports.rank) == [
        "node1",
        "10.0.0.5",
        "fd00::1",
        "10.0.0.0/24",
        "fd00::/64",
        "*.example.com",
        "@nodes",
        "*",
    ]


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        ("*", True),
        ("10.0.0.0/24", True),
        ("10.0.1.0/24", False),
        ("10.0.0.5", True),
        ("fd00::/64", False),
        ("node1", True),
        ("node2", False),
        ("@nodes", None),
        ("*.example.com", None),
    ],
)
def test_who_is_let_in(client, expected):
    """An address is in a network or not; netgroups and wildcards are the server's to judge."""
    assert exports.matches(client, "10.0.0.5", {"node1": {"10.0.0.5"}}) is expected


def exported(path, *options):
    return DeclaredExport(path, "nobody", "", "0777", (("*", options),))


@pytest.mark.parametrize(
    ("path", "expected"), [("/srv/nfs", "/"), ("/srv/nfs/a", "/a"), ("/srv/nfsx", "/srv/nfsx"), ("/other", "/other")]
)
def test_path_below_the_pseudo_root(path, expected):
    """With fsid=0 NFSv4 clients see paths below that export."""
    assert exports.v4_path(path, [exported("/srv/nfs", "rw", "fsid=0"), exported("/srv/nfs/a")]) == expected


def test_path_without_a_pseudo_root():
    """Without fsid=0 the path is the same for all versions."""
    assert exports.v4_path("/srv/nfs/a", [exported("/srv/nfs"), exported("/srv/nfs/a")]) == "/srv/nfs/a"


@pytest.mark.parametrize(
    ("client", "expected"), [("node1", True), ("10.0.0.5", False), ("fd00::1", False), ("*", False), ("@n", False)]
)
def test_names_of_hosts(client, expected):
    """Only a name has to be looked up."""
    assert exports.is_name(client) is expected
