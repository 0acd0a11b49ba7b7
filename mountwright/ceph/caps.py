"""CephX capabilities: read, compared and shown.

A capability string holds grants, separated by commas or semicolons. Two strings that hold the same grants in another
order, with other white space or quotes, allow the same; so they are compared as sets. The monitors check the grammar
of what they are given, but not whether a profile exists at the monitors or OSDs: one with a typing error is stored
without a word, and found out when the first client is refused. So what a person writes is checked here.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SERVICES = ("mon", "mgr", "osd", "mds")
"""The kinds of daemons that a user may have capabilities at, in the order in which they are shown."""

CapTexts: TypeAlias = "Mapping[str, str]"
"""A user's capabilities: the text by the kind of daemon."""

PROFILES = {
    "mon": (
        *("rbd", "rbd-read-only", "rbd-mirror", "rbd-mirror-peer", "fs-client", "cephfs-mirror", "crash"),
        *("simple-rados-client", "simple-rados-client-with-blocklist", "read-only", "read-write", "role-definer"),
        *("mon", "mgr", "osd", "mds", "bootstrap-osd", "bootstrap-mds", "bootstrap-mgr", "bootstrap-rgw"),
        *("bootstrap-rbd", "bootstrap-rbd-mirror"),
    ),
    "mgr": ("rbd", "rbd-read-only", "rbd-mirror", "osd", "mds", "crash", "cephfs-mirror"),
    "osd": ("rbd", "rbd-read-only", "rbd-mirror"),
    "mds": ("osd", "mds", "mgr"),
}
"""Profiles that are known (Ceph 14 to 20); a newer Ceph may have more."""

_MATCHES = frozenset({"pool", "namespace", "object_prefix", "network", "fsname", "path", "uid", "gids"})
"""What may be written ``pool=P`` as well as ``pool P``."""

_UNCLOSED = "has a quotation mark that is not closed"
_LEAST_WORDS = 2


@dataclass(frozen=True)
class Grant:
    """One grant: as it was written, and as what it is compared by."""

    text: str
    meaning: tuple[str, ...]


@dataclass(frozen=True)
class CapsDifference:
    """What a user's capabilities have that they shouldn't (``extra``), and what they lack (``missing``).

    Each item is a kind of daemon and a grant as it was written.
    """

    extra: tuple[tuple[str, str], ...]
    missing: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.extra or self.missing)


def grants(text: str) -> tuple[Grant, ...]:
    """The grants of one capability string. Raises ValueError for a quotation mark that is not closed."""
    found: list[list[tuple[str, str]]] = []
    for part in _parts(text):
        # uid=1000 gids=1000,1001: what begins with no verb belongs to the grant before it
        if found and part and part[0][0] not in {"allow", "deny", "profile"}:
            word, raw = part[0]
            last_word, last_raw = found[-1].pop()
            found[-1] += [(f"{last_word},{word}", f"{last_raw},{raw}"), *part[1:]]
        elif part:
            found.append(part)
    return tuple(Grant(" ".join(raw for _, raw in part), _meaning([word for word, _ in part])) for part in found)


def compare(live: CapTexts, declared: CapTexts) -> CapsDifference:
    """Hold a user's capabilities against those declared. A live string that can't be read counts as one grant."""
    extra: list[tuple[str, str]] = []
    missing: list[tuple[str, str]] = []
    for service in _in_order({*live, *declared}):
        now = {grant.meaning: grant.text for grant in _lenient(live.get(service, ""))}
        wanted = {grant.meaning: grant.text for grant in grants(declared.get(service, ""))}
        extra += [(service, text) for meaning, text in now.items() if meaning not in wanted]
        missing += [(service, text) for meaning, text in wanted.items() if meaning not in now]
    return CapsDifference(tuple(extra), tuple(missing))


def shown(caps: CapTexts) -> str:
    """The capabilities as lines for a person, one grant a line: ``osd: profile rbd pool=kubernetes``."""
    return "".join(
        f"{service}: {text}\n"
        for service in _in_order(caps)
        for text in sorted(grant.text for grant in _lenient(caps[service]))
    )


def check(service: str, text: str) -> str:
    """What is wrong with a capability that a person wrote, as half a sentence; empty when nothing is."""
    if not text.isascii():
        return "has characters beyond ASCII, which the ceph command refuses"
    try:
        found = grants(text)
    except ValueError as error:
        return str(error)
    if not found:
        return "is empty; leave the key out where no capability is needed"
    for grant in found:
        if grant.meaning[0] not in {"allow", "profile"} or len(grant.meaning) < _LEAST_WORDS:
            return f"has {grant.text!r}, which is no grant; expected one like {_EXAMPLES[service]!r}"
    return ""


def doubts(service: str, text: str) -> tuple[str, ...]:
    """What is allowed in a capability but worth a look, as half sentences; ``text`` is one without faults."""
    found = []
    for grant in grants(text):
        if grant.meaning[0] == "profile" and (name := grant.meaning[1]) not in PROFILES[service]:
            near = difflib.get_close_matches(name, PROFILES[service], n=1)
            hint = f"; did you mean '{near[0]}'?" if near else f"; there are {', '.join(PROFILES[service])}"
            found.append(f"'{name}' is no profile that is known for {service}, and Ceph takes any{hint}")
        if grant.meaning == ("allow", "*"):
            found.append(f"'allow *' lets the user do everything at {service}: it is as good as client.admin there")
    return tuple(found)


_EXAMPLES = {
    "mon": "profile rbd",
    "mgr": "profile rbd pool=kubernetes",
    "osd": "profile rbd pool=kubernetes",
    "mds": "allow rw fsname=cephfs",
}


def _in_order(services: Iterable[str]) -> list[str]:
    known = {service: number for number, service in enumerate(SERVICES)}
    return sorted(services, key=lambda service: (known.get(service, len(known)), service))


def _lenient(text: str) -> tuple[Grant, ...]:
    try:
        return grants(text)
    except ValueError:
        return (Grant(text, ("unreadable", text)),)


def _parts(text: str) -> list[list[tuple[str, str]]]:
    """The words between separators, each without its quotes and as written."""
    parts: list[list[tuple[str, str]]] = [[]]
    position = 0
    while position < len(text):
        match = _WORD.match(text, position)
        if match is None:
            raise ValueError(_UNCLOSED)
        position = match.end()
        word, separator = match["word"], match["separator"]
        if separator:
            parts.append([])
        elif word:
            parts[-1].append((_QUOTED.sub(lambda quoted: quoted[0][1:-1], word), word))
    return parts


_QUOTED = re.compile(r"""("[^"]*"|'[^']*')""")
_WORD = re.compile(r"""\s+|(?P<separator>[,;])|(?P<word>([^\s,;"']|"[^"]*"|'[^']*')+)""")


def _meaning(words: list[str]) -> tuple[str, ...]:
    """What a grant is compared by: its words, with those that say where it holds at the end.

    ``allow pool=a rwx`` is ``allow rwx pool=a``; all else has one order that Ceph takes, or one that counts.
    """
    if words[:2] == ["allow", "profile"]:
        words = words[1:]
    rest = iter(words)
    joined = [f"{word}={next(rest, '')}" if word in _MATCHES else word for word in rest]
    if "command" in joined:
        return tuple(joined)  # what follows are its arguments, whatever they are called
    return tuple(sorted(joined, key=lambda word: word.partition("=")[0] in _MATCHES and "=" in word))
