"""known_hosts files (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): which key a host is known by.

A hashed entry can only be asked "is it this name?", by an HMAC that costs microseconds, so a file with thousands of
them must not be walked for each of thousands of hosts. It isn't: a key that a server shows is looked up by the key
first, and only the few entries with that very key are asked for the name.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

REVOKED = "@revoked"
AUTHORITY = "@cert-authority"


@dataclass(frozen=True)
class Entry:
    """One line. ``hosts`` is its first column as written, ``key`` the key in base64."""

    marker: str
    hosts: str
    key_type: str
    key: str
    source: Path
    line: int

    @property
    def place(self) -> str:
        """``file:line``."""
        return f"{self.source}:{self.line}"

    def is_for(self, name: str) -> bool:
        """Whether the line is about ``name`` (lower case, ``[host]:port`` for a port that isn't 22)."""
        if self.hosts.startswith("|1|"):
            return _hashed_matches(self.hosts, name)
        found = False
        for pattern in self.hosts.lower().split(","):
            if _pattern(pattern.removeprefix("!")).fullmatch(name):
                if pattern.startswith("!"):
                    return False
                found = True
        return found


def _hashed_matches(hosts: str, name: str) -> bool:
    try:
        salt, digest = (binascii.a2b_base64(part) for part in hosts[3:].split("|"))
    except ValueError:
        return False
    return hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), digest)


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in text), re.DOTALL)


def fingerprint(key: str) -> str:
    """Return the SHA256 fingerprint of a key in base64, as OpenSSH prints it."""
    digest = hashlib.sha256(binascii.a2b_base64(key)).digest()
    return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")


class KnownHosts:
    """The entries of several files, read once. Thread-safe."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = tuple(files)
        self._lock = threading.Lock()
        self._literal: dict[str, list[Entry]] = defaultdict(list)
        self._patterns: list[Entry] = []
        self._hashed: list[Entry] = []
        self._hashed_by_key: dict[str, list[Entry]] = defaultdict(list)
        self._hashed_types: Counter[str] = Counter()
        self._marked: list[Entry] = []
        for file in self.files:
            for entry in read_entries(file):
                self._index(entry)

    def _index(self, entry: Entry) -> None:
        if entry.marker:
            self._marked.append(entry)
        elif entry.hosts.startswith("|1|"):
            self._hashed.append(entry)
            self._hashed_by_key[entry.key].append(entry)
            self._hashed_types[entry.key_type] += 1
        elif any(char in entry.hosts for char in "*?!"):
            self._patterns.append(entry)
        else:
            for name in entry.hosts.lower().split(","):
                self._literal[name].append(entry)

    def plain_entries(self, name: str) -> list[Entry]:
        """Return the entries for ``name`` that are found without any hashing."""
        return [*self._literal.get(name, ()), *(entry for entry in self._patterns if entry.is_for(name))]

    def entries(self, name: str) -> list[Entry]:
        """Return all entries for ``name``, the hashed ones too: this walks all of them."""
        return [*self.plain_entries(name), *(entry for entry in self._hashed if entry.is_for(name))]

    def holds(self, names: Iterable[str], key: str) -> bool:
        """Whether one of the names is known by this key. Cheap."""
        return any(
            any(entry.key == key for entry in self.plain_entries(name))
            or any(entry.is_for(name) for entry in self._hashed_by_key.get(key, ()))
            for name in names
        )

    def likely_types(self, name: str) -> list[str]:
        """Return the key types to ask a server for first, so that it shows a key that can be known.

        Those of the entries for the name; where only hashed ones could have it, the commonest of those.
        """
        plain = dict.fromkeys(entry.key_type for entry in self.plain_entries(name))
        return list(plain) or [key_type for key_type, _count in self._hashed_types.most_common()]

    def revoked(self, names: Sequence[str], key: str) -> Entry | None:
        """Return the line that revokes the key for one of the names."""
        return next((entry for entry in self._marked_for(REVOKED, names) if entry.key == key), None)

    def authorities(self, names: Sequence[str]) -> list[Entry]:
        """Return the lines that name authorities whose certificates are good for one of the names."""
        return list(self._marked_for(AUTHORITY, names))

    def _marked_for(self, marker: str, names: Sequence[str]) -> Iterator[Entry]:
        for entry in self._marked:
            if entry.marker == marker and any(entry.is_for(name) for name in names):
                yield entry

    def add(self, name: str, key_type: str, key: str) -> None:
        """Write a new key to the first file and know it from now on. Raises OSError."""
        with self._lock:
            if self.holds([name], key):
                return
            file = self.files[0]
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            missing_break = file.exists() and file.stat().st_size and not file.read_bytes().endswith(b"\n")
            line = f"{name} {key_type} {key}\n"
            descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            with os.fdopen(descriptor, "w") as out:
                out.write("\n" + line if missing_break else line)
            self._index(Entry("", name, key_type, key, file, 0))


def read_entries(file: Path) -> Iterator[Entry]:
    """Yield a file's entries; lines that are none are passed over, as ssh does. A missing file has none."""
    try:
        text = file.read_text("utf-8", "replace")
    except OSError:
        return
    for number, line in enumerate(text.split("\n"), 1):
        words = line.split(None, 4)
        marker = words.pop(0) if words and words[0].startswith("@") else ""
        if len(words) >= 3 and not words[0].startswith("#"):  # noqa: PLR2004 - hosts, type, key
            yield Entry(marker, words[0], words[1], words[2], file, number)
