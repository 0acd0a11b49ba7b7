"""The forms of an export's client."""

import pytest

from mountwright.nfs.clients import classify_client, exportfs_refuses, normalise_client

EXPECTED = "expected a host name, an IP address, a network like 10.0.0.0/24, a @netgroup, a wildcard or *"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("node1", "host"),
        ("node-1.example.com", "host"),
        ("n", "host"),
        ("a_b.example.com.", "host"),
        ("10.0.0.5", "ipv4"),
        ("fd00::1", "ipv6"),
        ("10.0.0.0/24", "network4"),
        ("10.0.0.0/255.255.255.0", "network4"),
        ("0.0.0.0/0", "network4"),
        ("10.0.0.5/32", "network4"),
        ("fd00::/64", "network6"),
        ("@trusted", "netgroup"),
        ("*.example.com", "wildcard"),
        ("node[0-9]?", "wildcard"),
        ("*", "everybody"),
        ("gss/krb5p", "gss"),
    ],
)
def test_each_form_of_client_is_known(text, kind):
    """Each form of exports(5) is told from the others."""
    assert kind == classify_client(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f"the client is empty: {EXPECTED}"),
        ("a b", f"'a b' has white space, which would make two clients of it: {EXPECTED}"),
        ("a\nb", f"'a\\nb' has white space, which would make two clients of it: {EXPECTED}"),
        ("a(rw)", "'a(rw)' has parentheses: options belong into the list beside the client"),
        ("a\0b", f"'a\\x00b' has characters that no client has: {EXPECTED}"),
        ("nödé", f"'nödé' has characters that no client has: {EXPECTED}"),
        ("-rw", f"'-rw' begins with a dash, which exports(5) takes for default options: {EXPECTED}"),
        ("10.0.0.5/33", "'10.0.0.5/33' is no network: the prefix length /33 is above /32"),
        ("fd00::/129", "'fd00::/129' is no network: the prefix length /129 is above /128"),
        (
            "10.0.0/24",
            "'10.0.0/24' is no network: '10.0.0' is no IP address; expected a form like 10.0.0.0/24 or fd00::/64",
        ),
        ("10.0.0.0/", "'10.0.0.0/' is no network: '' is no prefix length between 0 and 32"),
        ("fd00::/ffff::", "'fd00::/ffff::' is no network: 'ffff::' is no prefix length between 0 and 128"),
        (
            "10.0.0.0/255.0.255.0",
            "'10.0.0.0/255.0.255.0' is no network: '255.0.255.0' is no netmask; expected a form like 255.255.255.0",
        ),
        (
            "10.0.0.0/0.0.0.255",
            "'10.0.0.0/0.0.0.255' is no network: '0.0.0.255' is no netmask; expected a form like 255.255.255.0",
        ),
        ("10.0.0.5/8", "'10.0.0.5/8' has bits set beyond its prefix; did you mean the network 10.0.0.0/8?"),
        ("fd00::1/64", "'fd00::1/64' has bits set beyond its prefix; did you mean the network fd00::/64?"),
        ("10.0.0.256", "'10.0.0.256' is no IPv4 address: expected four numbers of 0 to 255, like 10.0.0.5"),
        ("10.0.0", "'10.0.0' is no IPv4 address: expected four numbers of 0 to 255, like 10.0.0.5"),
        ("10.0.*", "'10.0.*': wildcards do not work on IP addresses; expected a network like 10.0.0.0/24"),
        (
            "[fd00::1]",
            "'[fd00::1]': write the IPv6 address without brackets, which exports(5) takes for a wildcard",
        ),
        ("a[", "'a[' is no wildcard: expected letters, digits, '.', '_', '-', *, ? and [ab] or [0-9]"),
        ("@", "'@' is no netgroup: expected @ and a name of letters, digits, '.', '_' and '-'"),
        ("host;id", f"'host;id' is no client: {EXPECTED}"),
        ("$(id)x", "'$(id)x' has parentheses: options belong into the list beside the client"),
        ("a..b", f"'a..b' is no client: {EXPECTED}"),
        ("a" * 254, f"'{'a' * 254}' is no client: {EXPECTED}"),
    ],
)
def test_what_is_no_client_is_refused_with_what_was_expected(text, message):
    """The message names the text, what is wrong with it, and the form that was expected."""
    with pytest.raises(ValueError, match=r".") as raised:
        classify_client(text)
    assert message == str(raised.value)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("10.0.0.0/255.255.255.0", "10.0.0.0/24"),
        ("10.0.0.5/8", "10.0.0.0/8"),
        ("FD00:0::/64", "fd00::/64"),
        ("FD00:0::1", "fd00::1"),
        ("Node1.Example.COM.", "node1.example.com"),
        ("@Group", "@Group"),
        ("*", "*"),
        ("10.0.0.0/99", "10.0.0.0/99"),
    ],
)
def test_clients_that_mean_the_same_have_one_spelling(text, normal):
    """Netmask and prefix, upper and lower case, long and short IPv6 compare as equal."""
    assert normal == normalise_client(text)


def test_exportfs_takes_more_than_is_wise():
    """Host bits and odd names pass exportfs, and only a network that is none fails there."""
    assert [exportfs_refuses(text) for text in ("10.0.0.5/8", "no such host", "@", "*/x", "gss/krb5")] == [None] * 5
    assert exportfs_refuses("10.0.0.0/33") == "'10.0.0.0/33' is no network: the prefix length /33 is above /32"
