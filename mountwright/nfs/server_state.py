"""What an NFS server told about itself: its exports files, etab, who is connected, and what names stand for.

The records that it comes as are binary-safe: ``KIND KEYSIZE SIZE``, newline, key, newline, content, newline; sizes in
bytes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from mountwright.errors import ProbeError
from mountwright.nfs.clients import normalise_client
from mountwright.nfs.escapes import to_text
from mountwright.nfs.etab import parse_etab
from mountwright.nfs.grammar import normalise_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mountwright.nfs.model import Entry


@dataclass(frozen=True)
class Names:
    """What host names stand for on the server: each with its addresses and its canonical name.

    exportfs shows a host under any name that it met for the same address (measured: ``10.0.2.15`` as ``node1.lan``
    when another line exports to ``node1``), so clients are the same when their addresses are.
    """

    known: Mapping[str, frozenset[str]]

    def all_of(self, client: str) -> frozenset[str]:
        """The client itself, its addresses and its canonical name, as far as the server could tell."""
        spelling = normalise_client(client)
        return self.known.get(spelling, frozenset()) | {spelling}

    def same(self, one: str, other: str) -> bool:
        """Whether two clients of exports(5) are one and the same to exportfs."""
        return not self.all_of(one).isdisjoint(self.all_of(other))


@dataclass(frozen=True)
class Connected:
    """A client with a NFSv4 lease: its address, the name that it gave itself, and the kernel's ``status:``."""

    address: str
    name: str
    status: str


@dataclass(frozen=True)
class ServerState:
    """One look at a server.

    ``files`` are /etc/exports and every /etc/exports.d/*.exports that exists, by path, in the order in which exportfs
    reads them. ``live`` are the entries of etab. ``mounted`` are the (client, path) pairs of rmtab (NFSv3; a client
    that crashed stays in it). ``unread``: an exports file was written after exportfs last ran. ``real`` maps paths
    with symbolic links in them to what they lead to.
    """

    files: Mapping[str, bytes]
    live: tuple[Entry, ...]
    mounted: tuple[tuple[str, str], ...]
    connected: tuple[Connected, ...]
    names: Names
    real: Mapping[str, str]
    installed: bool
    unread: bool

    def real_path(self, path: str) -> str:
        """The path as etab shows it: normalised, symbolic links followed."""
        plain = normalise_path(path)
        return self.real.get(path) or self.real.get(plain, plain)

    def index(self, entries: Iterable[Entry]) -> Index:
        """Return what finds those of ``entries`` that export one directory to one client."""
        return Index(self, entries)


class Index:
    """Entries by what they export to whom; links and names count for what they stand for, options don't count."""

    def __init__(self, state: ServerState, entries: Iterable[Entry]) -> None:
        self._state = state
        self._found: dict[tuple[str, str], Entry] = {}
        for entry in entries:
            for key in self._keys(entry):
                self._found.setdefault(key, entry)

    def find(self, entry: Entry) -> Entry | None:
        """The first entry that exports the same directory to the same client."""
        return next((self._found[key] for key in self._keys(entry) if key in self._found), None)

    def __contains__(self, entry: Entry) -> bool:
        return self.find(entry) is not None

    def _keys(self, entry: Entry) -> list[tuple[str, str]]:
        path = self._state.real_path(entry.path)
        return [(path, spelling) for spelling in sorted(self._state.names.all_of(entry.client))]


def read_state(output: bytes) -> ServerState:
    """Read what the probe printed. Raises ProbeError when it is not whole (a file grew while it was read)."""
    records: dict[str, dict[str, bytes]] = defaultdict(dict)
    for kind, key, content in _records(output):
        records[kind][key] = content
    return ServerState(
        files=records["file"],
        live=tuple(parse_etab(_only(records["etab"]))),
        mounted=tuple(_mounted(_only(records["rmtab"]))),
        connected=tuple(_connected(key, to_text(content)) for key, content in records["client"].items()),
        names=Names({normalise_client(key): _spellings(to_text(text)) for key, text in records["name"].items()}),
        real={key: to_text(content) for key, content in records["real"].items()},
        installed="exportfs" in records["fact"],
        unread="unread" in records["fact"],
    )


def plain_address(text: str) -> str:
    """An address without its port and brackets; an IPv4 address that is written as IPv6 becomes IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ip_address(text)
    except ValueError:
        return text
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(parsed)


def _records(output: bytes) -> Iterator[tuple[str, str, bytes]]:
    position = 0
    while position < len(output):
        head_end = output.find(b"\n", position)
        words = output[position:head_end].split()
        if head_end < 0 or len(words) != 3 or not words[1].isdigit() or not words[2].isdigit():  # noqa: PLR2004
            raise ProbeError("a file of the NFS server changed while it was read; run again")
        key_end = head_end + 1 + int(words[1])
        end = key_end + 1 + int(words[2])
        if output[key_end : key_end + 1] != b"\n" or output[end : end + 1] != b"\n":
            raise ProbeError("a file of the NFS server changed while it was read; run again")
        yield words[0].decode(), to_text(output[head_end + 1 : key_end]), output[key_end + 1 : end]
        position = end + 1


def _only(record: Mapping[str, bytes]) -> str:
    """The text of a file that there is one of, empty when it does not exist."""
    return to_text(b"".join(record.values()))


def _mounted(rmtab: str) -> Iterator[tuple[str, str]]:
    # HOST:PATH:COUNT; a host that is an IPv6 address has colons of its own, a path begins with a slash
    for line in rmtab.split("\n"):
        host, slash, rest = line.partition(":/")
        path, colon, _ = rest.rpartition(":")
        if slash and colon:
            yield plain_address(host), normalise_path(f"/{path}")


def _connected(address: str, info: str) -> Connected:
    status, _, name = info.partition("\n")
    return Connected(plain_address(address), name, status)


def _spellings(lines: str) -> frozenset[str]:
    return frozenset(normalise_client(word) for word in lines.split())
