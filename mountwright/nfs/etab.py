"""``/var/lib/nfs/etab``: the exports as exportfs understood them, with every option spelt out.

Source: nfs-utils, support/nfs/exports.c (``putexportent``, ``parseopts``, ``secinfo_addflavor``). Options are
compared by what they do: declared ones and those of etab go through the same interpreter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.nfs.clients import normalise_client
from mountwright.nfs.escapes import unescape
from mountwright.nfs.grammar import normalise_path
from mountwright.nfs.model import Entry
from mountwright.nfs.options import FLAVOUR_SYNONYMS, PAIRS, SINGLE, SYNONYMS, c_number, split_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# These may differ from one security flavour to the next.
_BY_FLAVOUR = ("ro", "secure", "root_squash", "no_all_squash")
_DEFAULT_OF = {name: pair[0] for pair in PAIRS for name in pair}
_DEFAULTS = {pair[0]: pair[0] for pair in PAIRS}
_NOBODY = "65534"
_UNSIGNED = 2**32


def parse_etab(text: str) -> list[Entry]:
    """The entries of etab, in its order. Lines that are no entries (there are none in a whole etab) are left out.

    ``text`` is the file decoded as UTF-8 with ``surrogateescape``.
    """
    entries = []
    for line in text.split("\n"):
        path, tab, rest = line.partition("\t")
        client, parenthesis, options = rest.partition("(")
        if tab and parenthesis and options.endswith(")"):
            # A path exported without a client is everybody's, and stands without one in etab as well.
            client = client or "*"
            entries.append(Entry(unescape(path), client, tuple(map(unescape, split_options(options[:-1])))))
    return entries


def effective_options(options: Iterable[str]) -> Mapping[str, str]:
    """What a list of options comes to, defaults applied: the default's name -> what is in force.

    For example ``{"ro": "rw", "sync": "sync", ..., "anonuid": "65534", "sec": "sys,rw,secure,root_squash,..."}``.
    What is neither declared nor has a default (``fsid``, ``refer``, ...) is absent. The order of the options
    counts as it does for exportfs: the last one wins, and those after ``sec=`` hold for its flavours.
    """
    flags = dict(_DEFAULTS)
    values = {"anonuid": _NOBODY, "anongid": _NOBODY}
    flavours: dict[str, dict[str, str]] = {}
    active: list[str] = []
    for option in options:
        name, equals, value = option.partition("=")
        name = SYNONYMS.get(name, name)
        if name == "sec":
            active = [FLAVOUR_SYNONYMS.get(flavour, flavour) for flavour in value.split(":")]
            for flavour in active:
                flavours.setdefault(flavour, dict(flags))
        elif name in _DEFAULT_OF:
            flags[_DEFAULT_OF[name]] = name
            for flavour in active:
                flavours[flavour][_DEFAULT_OF[name]] = name
        elif name in SINGLE:
            values[name] = name
        elif equals or name == "mountpoint":
            kind, canonical = _canonical(name, value)
            values[kind] = canonical
    shown = {name: flag for name, flag in flags.items() if name not in _BY_FLAVOUR}
    sections = [
        ",".join([flavour, *(held[name] for name in _BY_FLAVOUR)])
        for flavour, held in (flavours or {"sys": flags}).items()
    ]
    return {**shown, **values, "sec": " ".join(sections)}


def same_client(declared: str, live: str) -> bool:
    """Whether etab's client is the declared one.

    exportfs writes a host's canonical name: a declared short name matches the full name that begins with it.
    """
    wanted, found = normalise_client(declared), normalise_client(live)
    return wanted == found or (wanted != "*" and found.startswith(f"{wanted}.") and "/" not in found)


def same_effect(declared: Entry, live: Entry) -> list[str]:
    """How an entry of etab differs in effect from the declared one; empty when it does not.

    Options that only this version of etab shows, or that it does not show, do not count as long as they hold
    their default.
    """
    differences = []
    if normalise_path(declared.path) != normalise_path(live.path):
        differences.append(f"path: declared {declared.path}, live {live.path}")
    if not same_client(declared.client, live.client):
        differences.append(f"client: declared {declared.client}, live {live.client}")
    wanted, found = effective_options(declared.options), effective_options(live.options)
    # exportfs picks the fsid itself when it re-exports, and shows no "reexport=none".
    ignored = {"reexport", "fsid"} if "reexport" in wanted else set()
    names = [name for name in dict.fromkeys([*wanted, *found]) if name not in ignored]
    differences += [
        f"declared {wanted[name]}, live {found[name]}"
        if name in _DEFAULTS
        else f"{name}: declared {wanted.get(name, 'nothing')}, live {found.get(name, 'nothing')}"
        for name in names
        if wanted.get(name) != found.get(name)
    ]
    return differences


def _canonical(name: str, value: str) -> tuple[str, str]:
    """Key and spelling under which two values that mean the same are the same."""
    if name in {"anonuid", "anongid"}:
        return name, _unsigned(value, 10)
    if name != "fsid":
        return name, value
    if value == "root":
        return name, "0"
    try:
        return name, str(c_number(value) % _UNSIGNED) if not value.startswith("-") else _unsigned(value, 10)
    except ValueError:
        return "fsid (UUID)", value


def _unsigned(value: str, base: int) -> str:
    """A C int as etab prints it (``%d``), as the unsigned number that it is."""
    try:
        return str(int(value, base) % _UNSIGNED)
    except ValueError:
        return value
