"""Host names as inventories write them: ``node[01:10].example.com``, ``db:2222``, ``[::1]:22``."""

from __future__ import annotations

import re
import string
from ipaddress import IPv6Address

_RANGE = re.compile(r"\[(?P<begin>[0-9]*|[A-Za-z]):(?P<end>[0-9]+|[A-Za-z])(?::(?P<step>[0-9]+))?\]")
_WORD = r"(?:[\w]|\[[^\[\]]*\])(?:[\w-]|\[[^\[\]]*\])*"
_NAME = re.compile(rf"{_WORD}(?:\.{_WORD})*")
_BRACKETED_PORT = re.compile(r"\[(?P<name>.+)\]:(?P<port>[0-9]+)")
_PORT = re.compile(r"(?P<name>(?:[^:\[\]]|\[[^\]]*\])*):(?P<port>[0-9]+)")
MAX_HOSTS = 100_000
"""More hosts than this from one pattern are taken for a slip of the pen."""


def split_port(text: str) -> tuple[str, int | None]:
    """Return the host (pattern) and the port in ``text``: ``db:2222``, ``[::1]:22``; None: it gives no port.

    Only what looks like a network name or address is cut; anything else is a name as it stands.
    """
    match = _BRACKETED_PORT.fullmatch(text) or _PORT.fullmatch(text)
    if match and is_address(match["name"]):
        return match["name"], int(match["port"])
    return text, None


def is_address(text: str) -> bool:
    """Whether ``text`` looks like a host name or an IP address, ranges allowed."""
    if _NAME.fullmatch(text):
        bare = _RANGE.sub("0", text)
        return "[" not in bare and not any(label.endswith(("-", "_")) for label in bare.split("."))
    try:
        IPv6Address(_RANGE.sub("0", text))
    except ValueError:
        return False
    return True


def expand(pattern: str) -> list[str]:
    """Return the names that ``pattern`` stands for; itself when it has no range.

    ``[01:10]`` counts with leading zeros, ``[a:e]`` goes through letters (a-z, then A-Z), ``[0:10:2]`` takes every
    second. Both ends are included. Raises ValueError saying what is wrong with a range.
    """
    match = _RANGE.search(pattern)
    if match is None:
        if "[" in pattern or "]" in pattern:
            raise ValueError(f"{pattern!r} has brackets that are no range: [BEGIN:END] or [BEGIN:END:STEP], "
                             "with numbers or single letters")  # fmt: skip
        return [pattern]
    # The rest is expanded once, then put behind each of the names.
    rest = expand(pattern[match.end() :])
    head = pattern[: match.start()]
    if "[" in head or "]" in head:
        raise ValueError(f"{head!r} in {pattern!r} has brackets that are no range: [BEGIN:END] or [BEGIN:END:STEP]")
    items = _items(match)
    if len(items) * len(rest) > MAX_HOSTS:
        raise ValueError(f"{pattern!r} stands for {len(items) * len(rest)} hosts; at most {MAX_HOSTS} are taken")
    return [head + item + tail for item in items for tail in rest]


def _items(match: re.Match[str]) -> list[str]:
    begin, end = match["begin"] or "0", match["end"]
    step = int(match["step"] or 1)
    if step == 0:
        raise ValueError(f"the range {match[0]} has the step 0")
    if begin.isdigit() != end.isdigit():
        raise ValueError(f"the range {match[0]} mixes a number and a letter")
    if begin.isdigit():
        if len(begin) > 1 and begin.startswith("0") and len(begin) != len(end):
            raise ValueError(f"the range {match[0]} needs both ends equally long: {begin.zfill(len(end))}:{end}")
        first, last = int(begin), int(end)
        width = len(begin) if len(begin) > 1 and begin.startswith("0") else 0
        if last - first >= MAX_HOSTS * step:
            raise ValueError(f"the range {match[0]} stands for more than {MAX_HOSTS} hosts")
        found = [str(number).zfill(width) for number in range(first, last + 1, step)]
    else:
        letters = string.ascii_letters
        first, last = letters.index(begin), letters.index(end)
        found = list(letters[first : last + 1 : step])
    if not found:
        raise ValueError(f"the range {match[0]} runs backwards; the smaller end comes first")
    return found
