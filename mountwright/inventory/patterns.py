"""Ansible's host patterns: ``a:b``, ``a,b``, ``!c``, ``&d``, globs, ``~regex``, ``group[0:2]``, ``@file``.

Beyond Ansible, ``node[01:10]`` stands for ten hosts where it is no subscript, and what matches nothing is an error:
a slip of the pen must not run on other hosts than were meant.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mountwright.errors import InputError
from mountwright.inventory.ranges import expand, is_address, split_port
from mountwright.text_files import read_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

_SUBSCRIPT = re.compile(r"(?P<name>.+)\[(?:(?P<index>-?[0-9]+)|(?P<begin>[0-9]+)[:-](?P<end>[0-9]*))\]")
_RANGE = re.compile(r"\[(?:[0-9]*:[0-9]+|[A-Za-z]:[A-Za-z])(?::[0-9]+)?\]")
_SEPARATED = re.compile(r"(?:[^\s:\[\]]|\[[^\]]*\]|[\[\]])+")
_SUGGESTIONS = 3


def select(pattern: str, hosts: Collection[str], groups: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the names of the hosts that ``pattern`` matches, each once, in the order of the pattern.

    ``groups`` holds for each group all its hosts, ``all`` and ``ungrouped`` included. As in Ansible, plain parts
    are joined first, then ``&`` parts intersect, then ``!`` parts are taken away; without any plain part one
    begins with all hosts. Raises InputError for a part that matches neither host nor group, and when no host is
    left in the end.
    """
    matcher = _Matcher(hosts, groups)
    parts = [part for written in split(pattern) for part in _read_files(written)]
    if not parts:
        raise InputError(f"the host pattern {pattern!r} is empty; name a host or a group, or 'all'")
    plain = [part for part in parts if part[0] not in "!&"] or ["all"]
    found = dict.fromkeys(host for part in plain for host in matcher.match(part))
    for part in parts:
        if part[0] == "&":
            wanted = set(matcher.match(part[1:]))
            found = {host: None for host in found if host in wanted}
    for part in parts:
        if part[0] == "!":
            for host in matcher.match(part[1:]):
                found.pop(host, None)
    if not found:
        why = "its parts match, but not together" if len(parts) > 1 else "the group has no hosts"
        raise InputError(f"the host pattern {pattern!r} leaves no host: {why}")
    return list(found)


def split(pattern: str) -> list[str]:
    """Return the parts of a pattern. Commas separate; without any comma, colons do, but not those of an address
    (``::1``) and those in brackets."""  # noqa: D205, D209 - one sentence
    if "," in pattern:
        parts = pattern.split(",")
    elif is_address(pattern) or split_port(pattern)[1] is not None:
        parts = [pattern]
    else:
        parts = _SEPARATED.findall(pattern)
    return [part.strip() for part in parts if part.strip()]


def _read_files(part: str) -> Iterator[str]:
    """A part ``@FILE`` stands for the patterns in that file, one a line."""
    if not part.startswith("@"):
        yield part
        return
    for line in read_text(Path(part[1:])).splitlines():
        if line.strip() and not line.strip().startswith("#"):
            yield from split(line.strip())


class _Matcher:
    def __init__(self, hosts: Collection[str], groups: Mapping[str, Sequence[str]]) -> None:
        self.hosts = hosts
        self.groups = groups

    def match(self, part: str) -> Sequence[str]:
        """The hosts that one part matches, without its ``!`` or ``&``."""
        if part in ("", "~"):
            raise InputError("the host pattern has a !, & or ~ with nothing behind it")
        if part in self.hosts:
            return [part]
        subscript = None if part.startswith("~") else _SUBSCRIPT.fullmatch(part)
        found = self._names(subscript["name"] if subscript else part)
        if found is not None:
            return _apply(subscript, found, part) if subscript else found
        # Glob classes hold no colons, so [01:10] that is no subscript is a range of hosts.
        if not part.startswith("~") and _RANGE.search(part):
            try:
                names = [self._names(name) for name in expand(part)]
            except ValueError as error:
                raise InputError(f"the host pattern {part!r}: {error}") from None
            if any(name is not None for name in names):
                return [host for name in names for host in name or ()]
        raise InputError(self._nothing(part))

    def _names(self, expression: str) -> list[str] | None:
        """The hosts of all groups that match, then the hosts that match themselves; None: neither exists."""
        groups = _matching(self.groups, expression)
        found = [host for name in groups for host in self.groups[name]]
        if not groups or expression.startswith("~") or any(sign in expression for sign in ".?*["):
            found += _matching(self.hosts, expression)
        return found if found or groups else None

    def _nothing(self, part: str) -> str:
        names = [*self.groups, *self.hosts]
        near = difflib.get_close_matches(part, names, _SUGGESTIONS, 0.5)
        if near:
            return f"the host pattern {part!r} matches no host and no group; nearest by name: {', '.join(near)}"
        known = ", ".join(list(self.groups)[:10]) + (", ..." if len(self.groups) > 10 else "")  # noqa: PLR2004 - a line full
        return f"the host pattern {part!r} matches no host and no group; the groups are: {known}"


def _matching(names: Iterable[str], expression: str) -> list[str]:
    if not expression.startswith("~") and not any(sign in expression for sign in "?*["):
        return [expression] if expression in names else []
    try:
        compiled = re.compile(expression[1:] if expression.startswith("~") else fnmatch.translate(expression))
    except re.error as error:
        raise InputError(f"the host pattern {expression!r} is no valid regular expression: {error}") from None
    return [name for name in names if compiled.match(name)]


def _apply(subscript: re.Match[str], found: list[str], part: str) -> list[str]:
    """``[2]``, ``[-1]``, ``[0:2]`` (both ends included), ``[3:]``."""
    if not found:
        return found
    if subscript["index"]:
        index = int(subscript["index"])
        chosen = [found[index]] if -len(found) <= index < len(found) else []
    else:
        end = int(subscript["end"]) + 1 if subscript["end"] else None
        chosen = found[int(subscript["begin"]) : end]
    if not chosen:
        raise InputError(f"the host pattern {part!r} is out of range: {subscript['name']} has {len(found)} hosts, "
                         "counted from 0")  # fmt: skip
    return chosen
