"""Private key files: each is read once for all hosts, and its passphrase asked for at most once."""

from __future__ import annotations

import base64
import binascii
import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from mountwright.secret import Secret

_TRIES = 3
_MAGIC = b"openssh-key-v1\0"

Key = TypeVar("Key")


class KeyFileError(Exception):
    """A key file can't be used; the message says which and why."""


class WrongPassphraseError(Exception):
    """Raised by a parser: the passphrase does not open the file."""


class KeyFiles(Generic[Key]):
    """Key files by path. ``parse`` makes a key of a path and a passphrase (None: the file needs none).

    ``parse`` raises WrongPassphraseError or ValueError. Thread-safe: hosts that need the same file wait for the one
    question that is asked about it.
    """

    def __init__(self, parse: Callable[[str, Secret | None], Key], ask: Callable[[str], Secret] | None) -> None:
        self._parse = parse
        self._ask = ask
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._loaded: dict[str, Key | KeyFileError] = {}

    def load(self, path: str) -> Key:
        """Return the key in the file. Raises KeyFileError, the same for every host."""
        with self._lock:
            lock = self._locks.setdefault(path, threading.Lock())
        with lock:
            if path not in self._loaded:
                try:
                    self._loaded[path] = self._open(path)
                except KeyFileError as problem:
                    self._loaded[path] = problem
            found = self._loaded[path]
        if isinstance(found, KeyFileError):
            raise found
        return found

    def _open(self, path: str) -> Key:
        try:
            if not is_encrypted(path):
                return self._parse(path, None)
            return self._open_encrypted(path)
        except OSError as problem:
            raise KeyFileError(f"{path}: can't be read ({problem.strerror})") from None
        except (ValueError, WrongPassphraseError) as problem:
            raise KeyFileError(f"{path}: not a private key that can be used ({problem})") from None

    def _open_encrypted(self, path: str) -> Key:
        if self._ask is None:
            raise KeyFileError(
                f"{path}: encrypted, and there is no terminal to ask for its passphrase; add it to ssh-agent "
                f"(ssh-add {path})"
            )
        with self._asking:  # one question on the terminal at a time
            for _ in range(_TRIES):
                try:
                    return self._parse(path, self._ask(f"passphrase for {path}: "))
                except WrongPassphraseError:
                    continue
        raise KeyFileError(f"{path}: encrypted, and the passphrase was wrong {_TRIES} times")


def is_encrypted(path: str) -> bool:
    """Whether a passphrase is needed to read the key. Raises OSError when the file can't be read."""
    data = Path(path).read_bytes()
    if b"BEGIN OPENSSH PRIVATE KEY" in data:
        header = _openssh_header(data)
        return header is not None and header[0] != b"none"
    return b"ENCRYPTED" in data


def public_key(path: str) -> str:
    """Return the public half in base64 without needing a passphrase, or "" when it can't be found.

    OpenSSH's own format has it in the clear; for others there may be a ``.pub`` beside the file.
    """
    try:
        data = Path(path).read_bytes()
        header = _openssh_header(data) if b"BEGIN OPENSSH PRIVATE KEY" in data else None
        if header is not None:
            return base64.b64encode(header[1]).decode()
        return Path(f"{path}.pub").read_text("utf-8", "replace").split()[1]
    except (OSError, IndexError):
        return ""


def _openssh_header(data: bytes) -> tuple[bytes, bytes] | None:
    """Return cipher name and public key of a file in OpenSSH's format (PROTOCOL.key), None when it is malformed."""
    lines = [line for line in data.split(b"\n") if line and not line.startswith(b"-----")]
    try:
        blob = binascii.a2b_base64(b"".join(lines))
        if not blob.startswith(_MAGIC):
            return None
        at = len(_MAGIC)
        fields = []
        for number in range(4):  # cipher, kdf, kdf options, the public key
            (size,) = struct.unpack_from(">I", blob, at)
            fields.append(blob[at + 4 : at + 4 + size])
            at += 4 + size
            if number == 2:  # noqa: PLR2004 - how many keys there are stands before the first
                at += 4
    except (binascii.Error, struct.error):
        return None
    return fields[0], fields[3]
