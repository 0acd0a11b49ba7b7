"""The export options of exports(5): which there are, which values they take, which contradict each other.

Source: exports(5) of nfs-utils 2.5 to 2.8 and its ``parseopts`` (support/nfs/exports.c).
"""

from __future__ import annotations

import difflib
import re
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

# Each pair sets and clears one thing; the default of exports(5) comes first.
PAIRS: tuple[tuple[str, str], ...] = (
    ("ro", "rw"),
    ("sync", "async"),
    ("wdelay", "no_wdelay"),
    ("hide", "nohide"),
    ("nocrossmnt", "crossmnt"),
    ("secure", "insecure"),
    ("root_squash", "no_root_squash"),
    ("no_all_squash", "all_squash"),
    ("no_subtree_check", "subtree_check"),
    ("secure_locks", "insecure_locks"),
    ("acl", "no_acl"),
    ("no_pnfs", "pnfs"),
)
# Options without an opposite.
SINGLE: tuple[str, ...] = ("nordirplus", "security_label")
SYNONYMS = {"auth_nlm": "secure_locks", "no_auth_nlm": "insecure_locks", "mp": "mountpoint"}
SECURITY_FLAVOURS = ("sys", "krb5", "krb5i", "krb5p", "null", "none", "unix")
# Flavours that are one number to the kernel.
FLAVOUR_SYNONYMS = {"unix": "sys", "none": "null"}
_FLAVOUR = "|".join(SECURITY_FLAVOURS)

_TRANSPORTS = ("none", "tls", "mtls")
_REEXPORT = ("auto-fsidnum", "predefined-fsidnum", "none")
_WITH_VALUE = ("anonuid", "anongid", "fsid", "mountpoint", "refer", "replicas", "sec", "xprtsec", "reexport")
_HIGHEST_ID = 2**32 - 1
_LOWEST_ID = -2  # the old spelling of 65534 and 4294967294
_LOCATION = re.compile(r"/[^@:]*@[^@:+]+(\+[^@:+]+)*")
_UUID_DIGITS = 32
# What parseopts takes beyond check_option: any place, flavours twice, numbers as strtol reads them, and what came
# after nfs-utils 2.8: such a line of somebody else's is for that server's exportfs to judge.
_TAKEN_BY_EXPORTFS = re.compile(
    r"(mountpoint|mp|refer|replicas)=.*"
    rf"|sec=({_FLAVOUR})(:({_FLAVOUR}))*"
    r"|anon[ug]id=\s*[+-]?[0-9]+"
    r"|fsid=\s*[+-]?(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)"
    r"|squash_[ug]ids=([0-9]+(-[0-9]+)?)?"
    r"|sign_fh",
    re.ASCII | re.DOTALL,
)


def known_options() -> tuple[str, ...]:
    """The names of all options, for suggestions."""
    return (*(name for pair in PAIRS for name in pair), *SINGLE, *SYNONYMS, *_WITH_VALUE)


def check_option(text: str) -> str | None:
    """What is wrong with one export option, or None when exports(5) knows it and its value."""
    name, equals, value = text.partition("=")
    if name in _CHECKS:
        if not equals:
            return f"'{name}' needs a value: {name}={_EXAMPLES[name]}"
        return _CHECKS[name](value)
    if name in {"mountpoint", "mp"}:
        return None if not equals or value.startswith("/") else _wrong(name, value, "an absolute path")
    if name in known_options():
        return f"'{name}' takes no value, but has '{value}'" if equals else None
    near = difflib.get_close_matches(name, known_options(), n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    return f"'{text}' is no option of exports(5){hint}" if text else "an option is empty: is there a comma too many?"


def exportfs_refuses_option(text: str) -> str | None:
    """Why exportfs would refuse this option, or None: it takes more than is wise, and lines of others may have it."""
    return None if _TAKEN_BY_EXPORTFS.fullmatch(text) else check_option(text)


def contradictions(options: Iterable[str]) -> list[str]:
    """What is declared both ways (``rw`` and ``ro``), or twice with different values.

    Options that follow different ``sec=`` options may differ from one another (exports(5), RPCSEC_GSS security).
    """
    found: list[str] = []
    values: dict[str, str] = {}
    section: dict[str, str] = {}
    elsewhere: dict[str, str] = {}
    for option in options:
        name, equals, value = option.partition("=")
        name = SYNONYMS.get(name, name)
        if name == "sec":
            section = {}
            continue
        if equals:
            kind = "fsid (UUID)" if name == "fsid" and not _is_number(value) and value != "root" else name
            value = _canonical_number(value) if name in {"fsid", "anonuid", "anongid"} else value
            if values.setdefault(kind, value) != value:
                found.append(f"'{name}' is given twice, as {values[kind]} and as {value}")
            continue
        for pair in PAIRS:
            if name in pair:
                group = section if pair[0] in {"ro", "root_squash", "no_all_squash"} else elsewhere
                if group.setdefault(pair[0], name) != name:
                    found.append(f"'{group[pair[0]]}' and '{name}' contradict each other")
    return found


def split_options(text: str) -> tuple[str, ...]:
    """The options between the parentheses, one by one."""
    options = tuple(part.lstrip(" \t") for part in text.split(","))
    return options if options[-1] else options[:-1]  # parseopts takes "(rw,)" and "()"


def flavour_overlap(flavours: Sequence[str]) -> str | None:
    """Which flavour is listed twice (also as a synonym), or None."""
    for first, second in combinations(flavours, 2):
        if FLAVOUR_SYNONYMS.get(first, first) == FLAVOUR_SYNONYMS.get(second, second):
            return second
    return None


def _wrong(name: str, value: str, expected: str) -> str:
    return f"'{name}={value}': expected {expected}"


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"0[xX][0-9a-fA-F]+|[0-9]+", text, re.ASCII))


def _canonical_number(text: str) -> str:
    return "0" if text == "root" else str(c_number(text)) if _is_number(text) else text


def canonical_fsid(option: str) -> str:
    """The value of a ``fsid=`` option in one spelling: ``root`` is 0, ``0x10`` is 16."""
    return _canonical_number(option.partition("=")[2])


def c_number(text: str) -> int:
    """A number as C's strtoul reads it with base 0: ``0x10`` is 16 and ``010`` is 8. Raises ValueError."""
    if text[:2] in {"0x", "0X"}:
        return int(text, 16)
    return int(text, 8) if text.startswith("0") else int(text)


def _check_id(name: str) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        if re.fullmatch(r"-?[0-9]{1,10}", value, re.ASCII) and _LOWEST_ID <= int(value) <= _HIGHEST_ID:
            return None
        return _wrong(name, value, f"a number between 0 and {_HIGHEST_ID} (or -2)")

    return check


def _check_fsid(value: str) -> str | None:
    if value == "root":
        return None
    if _is_number(value):
        try:
            if c_number(value) <= _HIGHEST_ID:
                return None
        except ValueError:  # 09 is neither decimal nor octal to C
            pass
    elif sum(character in "0123456789abcdefABCDEF" for character in value) == _UUID_DIGITS:
        return None
    return _wrong("fsid", value, "a number, a UUID of 32 hexadecimal digits, or root")


def _check_list(name: str, known: Sequence[str]) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        listed = value.split(":")
        unknown = [part for part in listed if part not in known]
        if unknown:
            return f"'{name}={value}': '{unknown[0]}' is unknown; expected {', '.join(known)}, joined by colons"
        twice = flavour_overlap(listed) if name == "sec" else None
        return f"'{name}={value}' lists '{twice}' twice" if twice else None

    return check


def _check_locations(name: str) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        if all(_LOCATION.fullmatch(part) for part in re.split(r":(?=/)", value)):
            return None
        return _wrong(name, value, "path@host[+host][:path@host[+host]]")

    return check


def _check_reexport(value: str) -> str | None:
    return None if value in _REEXPORT else _wrong("reexport", value, f"one of {', '.join(_REEXPORT)}")


_CHECKS: dict[str, Callable[[str], str | None]] = {
    "anonuid": _check_id("anonuid"),
    "anongid": _check_id("anongid"),
    "fsid": _check_fsid,
    "refer": _check_locations("refer"),
    "replicas": _check_locations("replicas"),
    "sec": _check_list("sec", SECURITY_FLAVOURS),
    "xprtsec": _check_list("xprtsec", _TRANSPORTS),
    "reexport": _check_reexport,
}
_EXAMPLES = {
    "anonuid": "65534",
    "anongid": "65534",
    "fsid": "0",
    "refer": "/path@host",
    "replicas": "/path@host",
    "sec": "sys",
    "xprtsec": "tls",
    "reexport": "auto-fsidnum",
}
