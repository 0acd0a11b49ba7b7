"""etab against what was declared. The lines of etab were written by exportfs 2.6.2."""

import pytest

from mountwright.nfs.etab import effective_options, parse_etab, same_client, same_effect
from mountwright.nfs.grammar import Entry

HEAD = "wdelay,hide,nocrossmnt,secure,root_squash,no_all_squash,no_subtree_check,secure_locks,acl,no_pnfs"
TAIL = "anonuid=65534,anongid=65534"
RW = f"rw,sync,{HEAD},{TAIL},sec=sys,rw,secure,root_squash,no_all_squash"
RO = f"ro,sync,{HEAD},{TAIL},sec=sys,ro,root_squash,no_all_squash"


def live(options, path="/srv/x", client="10.0.0.0/24"):
    (entry,) = parse_etab(f"{path}\t{client}({options})\n")
    return entry


def declared(*options, path="/srv/x", client="10.0.0.0/24"):
    return Entry(path, client, options)


def test_etab_is_read():
    """Paths are unescaped, and an entry without a client is everybody's."""
    text = f"/srv/a\\040b\\134040\t10.0.0.0/24({RW})\n/srv/all\t({RO})\n"
    assert [(e.path, e.client) for e in parse_etab(text)] == [("/srv/a b\\040", "10.0.0.0/24"), ("/srv/all", "*")]
    assert parse_etab(text)[0].options[:2] == ("rw", "sync")
    assert parse_etab("") == []


@pytest.mark.parametrize(
    ("options", "etab"),
    [
        (("rw", "sync"), RW),
        (("ro", "rw"), RW),
        (("rw", "hide", "no_pnfs", "secure_locks", "auth_nlm", "anonuid=65534"), RW),
        ((), RO),
        (("rw", "fsid=root", "mp"), RW.replace(TAIL, f"fsid=0,mountpoint,{TAIL}")),
        (("rw", "anonuid=-2", "anongid=4294967294"), RW.replace(TAIL, "anonuid=-2,anongid=-2")),
        (("rw", "fsid=0x10", "sec=unix"), RW.replace(TAIL, f"fsid=16,{TAIL}")),
        (
            ("rw", "sec=sys", "ro", "sec=krb5", "rw", "no_root_squash"),
            f"rw,sync,{HEAD},{TAIL},sec=sys,ro,root_squash,no_all_squash,sec=krb5,rw,no_root_squash,no_all_squash",
        ),
        (
            ("fsid=12345678-1234-1234-1234-123456789012", "fsid=7"),
            RO.replace(TAIL, f"fsid=7,fsid=12345678-1234-1234-1234-123456789012,{TAIL}"),
        ),
        (("rw", "reexport=auto-fsidnum"), RW.replace(TAIL, f"fsid=1,reexport=auto-fsidnum,{TAIL}")),
    ],
)
def test_what_exportfs_makes_of_a_declaration_has_the_same_effect(options, etab):
    """Defaults, synonyms and spellings of numbers make no difference."""
    assert same_effect(declared(*options), live(etab)) == []


@pytest.mark.parametrize(
    ("entry", "differences"),
    [
        (
            declared("ro"),
            ["sec: declared sys,ro,secure,root_squash,no_all_squash, live sys,rw,secure,root_squash,no_all_squash"],
        ),
        (declared("rw", "async"), ["declared async, live sync"]),
        (declared("rw", "fsid=0"), ["fsid: declared 0, live nothing"]),
        (declared("rw", "anonuid=1"), ["anonuid: declared 1, live 65534"]),
        (declared("rw", "security_label"), ["security_label: declared security_label, live nothing"]),
        (declared("rw", path="/srv/y"), ["path: declared /srv/y, live /srv/x"]),
        (declared("rw", client="10.0.1.0/24"), ["client: declared 10.0.1.0/24, live 10.0.0.0/24"]),
    ],
)
def test_a_real_difference_is_named(entry, differences):
    """Each difference in effect is reported with both sides."""
    assert differences == same_effect(entry, live(RW))


def test_an_option_that_only_the_host_has_is_a_difference():
    """What was added by hand on the server is seen."""
    assert same_effect(declared("rw"), live(RW.replace(TAIL, f"fsid=3,{TAIL}"))) == ["fsid: declared nothing, live 3"]


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        ("10.0.0.0/255.255.255.0", "10.0.0.0/24", True),
        ("node1", "node1.example.com", True),
        ("Node1", "node1", True),
        ("node1", "node10.example.com", False),
        ("node1.example.com", "node1", False),
        ("*", "*.example.com", False),
        ("10.0.0.1", "10.0.0.10", False),
    ],
)
def test_a_host_is_known_by_its_full_name(wanted, found, same):
    """exportfs writes the canonical name of a host; other clients stand as they were written."""
    assert same is same_client(wanted, found)


def test_the_last_option_wins():
    """Options take effect in their order, as in exportfs."""
    assert effective_options(["async", "sync"])["sync"] == "sync"
    assert effective_options(["sync", "async"])["sync"] == "async"
