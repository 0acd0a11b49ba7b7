"""Who would lose an export that he still has mounted."""

import pytest

from mountwright.nfs.in_use import is_for, losers
from mountwright.nfs.model import Entry
from mountwright.nfs.server_state import Connected, Names, ServerState, plain_address

NAMES = Names({"node1": frozenset({"10.0.0.11", "node1.lan"}), "node1.lan": frozenset({"10.0.0.11", "node1.lan"})})
NET = Entry("/srv/x", "10.0.0.0/24", ("rw",))
INNER = Entry("/srv/x/inner", "10.0.0.0/24", ("rw",))


def state(*live, mounted=(), connected=(), real=()):
    return ServerState(
        files={},
        live=live,
        mounted=tuple(mounted),
        connected=tuple(Connected(address, "", status) for address, status in connected),
        names=NAMES,
        real=dict(real),
        installed=True,
        unread=False,
    )


def said(found):
    return [(entry.path, who) for entry, who in found]


V3 = "10.0.0.11 has it mounted (NFSv3, by rmtab)"
V4 = "10.0.0.11 is connected over NFSv4 and may have it mounted"


@pytest.mark.parametrize(
    ("client", "address", "expected"),
    [
        ("*", "10.0.0.11", True),
        ("10.0.0.0/24", "10.0.0.11", True),
        ("10.0.0.0/255.255.255.0", "10.0.0.11", True),
        ("10.0.0.5/8", "10.1.2.3", True),
        ("10.0.1.0/24", "10.0.0.11", False),
        ("fd00::/64", "fd00::5", True),
        ("fd00::/64", "10.0.0.11", False),
        ("10.0.0.11", "10.0.0.11", True),
        ("10.0.0.12", "10.0.0.11", False),
        ("FD00::1", "fd00::1", True),
        ("node1", "10.0.0.11", True),
        ("node1", "10.0.0.12", False),
        ("unresolved", "10.0.0.11", None),
        ("*.lan", "10.0.0.11", None),
        ("@nodes", "10.0.0.11", None),
        ("gss/krb5", "10.0.0.11", None),
        ("10.0.0.0/24", "oldname", None),
    ],
)
def test_client_against_address(client, address, expected):
    """A client takes an address in, or does not, or it can't be told."""
    assert expected is is_for(client, address, NAMES)


def test_v3_mount_is_known_by_rmtab():
    """A client in rmtab loses the export it has mounted, also when it has mounted a folder inside."""
    for mount in ("/srv/x", "/srv/x/sub"):
        assert said(losers(state(NET, mounted=[("10.0.0.11", mount)]), [NET], [])) == [("/srv/x", V3)]


def test_mount_belongs_to_the_innermost_export():
    """Withdrawing the outer export takes nothing from who mounts the inner one."""
    server = state(NET, INNER, mounted=[("10.0.0.11", "/srv/x/inner")])
    assert said(losers(server, [NET], [INNER])) == []
    assert said(losers(server, [INNER], [NET])) == [("/srv/x/inner", V3)]


def test_name_that_only_begins_alike_is_another_directory():
    """/srv/x2 does not lie in /srv/x."""
    assert said(losers(state(NET, mounted=[("10.0.0.11", "/srv/x2")]), [NET], [])) == []


def test_links_are_followed():
    """rmtab has the real path, the declaration the link."""
    link = Entry("/link", "10.0.0.0/24")
    server = state(Entry("/data", "10.0.0.0/24"), mounted=[("10.0.0.11", "/data")], real={"/link": "/data"})
    assert said(losers(server, [link], [])) == [("/link", V3)]


def test_client_that_stays_served_loses_nothing():
    """Narrowing a network to the one host that has it mounted is no withdrawal for it."""
    server = state(NET, mounted=[("10.0.0.11", "/srv/x")], connected=[("10.0.0.11", "confirmed")])
    assert said(losers(server, [NET], [Entry("/srv/x", "node1", ("ro",))])) == []
    assert said(losers(server, [NET], [Entry("/srv/x", "10.0.0.12")])) == [("/srv/x", V3)]


def test_client_outside_is_left_alone():
    """An rmtab line of a host that the export was never for does not hold it."""
    assert said(losers(state(NET, mounted=[("10.9.0.1", "/srv/x")]), [NET], [])) == []


def test_connected_v4_client_may_have_it_mounted():
    """NFSv4 has no list of mounts: in doubt, yes."""
    assert said(losers(state(NET, connected=[("10.0.0.11", "confirmed")]), [NET], [])) == [("/srv/x", V4)]


@pytest.mark.parametrize("status", ["courtesy", "expirable"])
def test_v4_client_without_a_lease_is_gone(status):
    """A client that has been silent for longer than its lease does not hold an export."""
    assert said(losers(state(NET, connected=[("10.0.0.11", status)]), [NET], [])) == []


def test_client_is_named_once():
    """Who has it mounted over v3 is not doubted a second time over v4."""
    server = state(NET, mounted=[("10.0.0.11", "/srv/x")], connected=[("10.0.0.11", "confirmed")])
    assert said(losers(server, [NET], [])) == [("/srv/x", V3)]


def test_unknown_membership_counts_as_mounted():
    """Whether a host is in a netgroup can't be told from here, so it is not risked."""
    group = Entry("/srv/x", "@nodes")
    assert said(losers(state(group, mounted=[("10.0.0.11", "/srv/x")]), [group], [])) == [("/srv/x", V3)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.11:855", "10.0.0.11"),
        ("[fd00::1]:700", "fd00::1"),
        ("[::ffff:10.0.0.11]:855", "10.0.0.11"),
        ("fd00::1", "fd00::1"),
        ("node1", "node1"),
    ],
)
def test_plain_address(text, expected):
    """The port, the brackets and the IPv6 form of an IPv4 address are taken off."""
    assert expected == plain_address(text)
