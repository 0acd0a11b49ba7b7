"""The client of an export: host, address, network, netgroup, wildcard or everybody.

Source: exports(5), "Machine Name Formats"; nfs-utils, support/export/client.c.
"""

from __future__ import annotations

import re
from ipaddress import (
    AddressValueError,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    NetmaskValueError,
    ip_address,
    ip_network,
)
from typing import Literal

ClientKind = Literal[
    "host", "ipv4", "ipv6", "network4", "network6", "netgroup", "wildcard", "everybody", "gss"
]  # fmt: skip

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?")
_HOST_LENGTH = 253  # RFC 1035: the longest name that DNS carries, in text form
_WILDCARD = re.compile(r"(?:[A-Za-z0-9_.*?-]|\[[!^]?[A-Za-z0-9_.-]+\])+")
_NETGROUP = re.compile(r"@[A-Za-z0-9_][A-Za-z0-9_.-]*")
_GSS = frozenset({"gss/krb5", "gss/krb5i", "gss/krb5p"})
_LOOKS_LIKE_IPV4 = re.compile(r"[0-9.]+")
_IPV6 = 6
_EXPECTED = "expected a host name, an IP address, a network like 10.0.0.0/24, a @netgroup, a wildcard or *"


def classify_client(text: str) -> ClientKind:
    """Which form of client ``text`` is.

    Stricter than exportfs, which takes a network with host bits set, and anything at all as a host name.
    Raises ValueError with what is wrong and what was expected.
    """
    refused = _refuse_characters(text)
    if refused:
        raise ValueError(refused)
    if text == "*":
        return "everybody"
    if text in _GSS:
        return "gss"
    if text.startswith("@"):
        if _NETGROUP.fullmatch(text):
            return "netgroup"
        raise ValueError(f"'{text}' is no netgroup: expected @ and a name of letters, digits, '.', '_' and '-'")
    if "/" in text:
        return "network6" if _network(text, host_bits=False).version == _IPV6 else "network4"
    if any(character in text for character in "*?["):
        return _wildcard(text)
    return _single(text)


def normalise_client(text: str) -> str:
    """One spelling for clients that mean the same: networks with a prefix length, names in lower case.

    What is no valid client comes back as it is, so that foreign lines can be compared as well.
    """
    if "/" in text:
        try:
            return str(_network(text, host_bits=True))
        except ValueError:
            return text
    try:
        return str(ip_address(text))
    except ValueError:
        return text if text.startswith("@") else text.lower().rstrip(".")


def is_address(text: str) -> bool:
    """Whether ``text`` is a host name or an IP address: what a server or a single client can be called."""
    try:
        return classify_client(text) in {"host", "ipv4", "ipv6"}
    except ValueError:
        return False


def exportfs_refuses(text: str) -> str | None:
    """Why exportfs would refuse this client (a network whose mask is none), or None."""
    if "/" not in text or text.startswith(("@", "gss/")) or any(character in text for character in "*?["):
        return None
    try:
        _network(text, host_bits=True)
    except ValueError as error:
        return str(error)
    return None


def _refuse_characters(text: str) -> str | None:
    if not text:
        return f"the client is empty: {_EXPECTED}"
    if any(character.isspace() for character in text):
        return f"{text!r} has white space, which would make two clients of it: {_EXPECTED}"
    if "(" in text or ")" in text:
        return f"'{text}' has parentheses: options belong into the list beside the client"
    if not text.isprintable() or not text.isascii():
        return f"{text!r} has characters that no client has: {_EXPECTED}"
    if text.startswith("-"):
        return f"'{text}' begins with a dash, which exports(5) takes for default options: {_EXPECTED}"
    return None


def _network(text: str, *, host_bits: bool) -> IPv4Network | IPv6Network:
    """The network that ``address/prefix`` or ``address/netmask`` names; raises ValueError with what was expected."""
    address, _, mask = text.partition("/")
    try:
        parsed = ip_address(address)
    except ValueError:
        raise ValueError(
            f"'{text}' is no network: '{address}' is no IP address; expected a form like 10.0.0.0/24 or fd00::/64"
        ) from None
    longest = parsed.max_prefixlen
    if mask.isdigit() and mask.isascii():
        if int(mask) > longest:
            raise ValueError(f"'{text}' is no network: the prefix length /{mask} is above /{longest}")
    elif parsed.version == _IPV6 or not _LOOKS_LIKE_IPV4.fullmatch(mask):
        raise ValueError(f"'{text}' is no network: '{mask}' is no prefix length between 0 and {longest}")
    try:
        network = ip_network(text, strict=False)
    except (AddressValueError, NetmaskValueError, ValueError):
        raise ValueError(
            f"'{text}' is no network: '{mask}' is no netmask; expected a form like 255.255.255.0"
        ) from None
    if "." in mask and str(network.netmask) != mask:
        raise ValueError(f"'{text}' is no network: '{mask}' is no netmask; expected a form like 255.255.255.0")
    if not host_bits and network.network_address != parsed:
        raise ValueError(f"'{text}' has bits set beyond its prefix; did you mean the network {network}?")
    return network


def _wildcard(text: str) -> ClientKind:
    if text.startswith("[") and text.endswith("]") and _is_ipv6(text[1:-1]):
        raise ValueError(f"'{text}': write the IPv6 address without brackets, which exports(5) takes for a wildcard")
    if not _WILDCARD.fullmatch(text):
        raise ValueError(f"'{text}' is no wildcard: expected letters, digits, '.', '_', '-', *, ? and [ab] or [0-9]")
    if _LOOKS_LIKE_IPV4.fullmatch(re.sub(r"[*?]", "", text)) and any(digit.isdigit() for digit in text):
        raise ValueError(f"'{text}': wildcards do not work on IP addresses; expected a network like 10.0.0.0/24")
    return "wildcard"


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def _single(text: str) -> ClientKind:
    try:
        return "ipv6" if ip_address(text).version == _IPV6 else "ipv4"
    except ValueError:
        pass
    if _LOOKS_LIKE_IPV4.fullmatch(text):
        raise ValueError(f"'{text}' is no IPv4 address: expected four numbers of 0 to 255, like 10.0.0.5")
    if not _HOST.fullmatch(text) or len(text) > _HOST_LENGTH:
        raise ValueError(f"'{text}' is no client: {_EXPECTED}")
    return "host"
