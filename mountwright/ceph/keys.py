"""CephX keys: read and checked, so that a key that can't work is refused where it is made and not where it is used.

A key is the base64 of little-endian ``u16 type, u32 seconds, u32 nanoseconds, u16 length, secret`` (the time is that
of its making). Type 1 is ``aes`` with 16 bytes, 40 characters in base64; type 2 is ``aes256k`` with 32 bytes, 60
characters (Ceph 19.2.6, 20.2.4 and later). No message and no ``repr`` of this module shows a key.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mountwright.secret import Secret

KeyType: TypeAlias = Literal["aes", "aes256k"]

_HEAD = struct.Struct("<HIIH")
_TYPES: dict[int, tuple[KeyType, int]] = {1: ("aes", 16), 2: ("aes256k", 32)}
_KEYRING = re.compile(r"^\s*(\[[^\]]+\]|key\s*=)", re.MULTILINE)


class KeyFaultError(ValueError):
    """A text that is no usable CephX key; the message says what is wrong with it and never shows it."""


@dataclass(frozen=True)
class CephxKey:
    """A key that is whole: its text as ``ceph auth get-key`` prints it, its type, the time of its making.

    ``made`` is in seconds since 1970.
    """

    text: Secret
    type: KeyType
    made: int


def read_key(text: str) -> CephxKey:
    """Check the text of a key, as it stands in a keyring behind ``key =``.

    Raises KeyFaultError for anything else: white space around it, a whole keyring, a key that is encoded once more.
    """
    if not text:
        raise KeyFaultError("the key is empty")
    if text != text.strip():
        what = "a newline" if "\n" in text or "\r" in text else "white space"
        raise KeyFaultError(f"the key has {what} before or after it, which would become a part of it")
    if _KEYRING.search(text):
        raise KeyFaultError(
            "this is a keyring, or lines of one; expected the key alone, as `ceph auth get-key` prints"
        )
    raw = _decoded(text)
    if raw is None:
        raise KeyFaultError("the key is no base64")
    if _key_in(raw) is not None:
        raise KeyFaultError("the key is encoded twice: it decodes to the text of a key")
    return _parsed(raw, text)


def strip_key(output: str) -> CephxKey:
    """Read a key from a command's output or a file: white space around it is no part of it. Raises as read_key."""
    return read_key(output.strip())


def to_secret_data(key: CephxKey) -> Secret:
    """The key as the ``data`` of a Kubernetes Secret holds it: encoded once, with nothing around it."""
    return Secret(base64.b64encode(key.text.reveal().encode("ascii")).decode("ascii"))


def from_secret_data(data: str) -> CephxKey:
    """Read the key out of the ``data`` of a Kubernetes Secret.

    Raises KeyFaultError that names the mistake: the key not encoded at all, encoded twice, with a newline inside.
    """
    raw = _decoded("".join(data.split()))
    if raw is None:
        raise KeyFaultError("the Secret's data is no base64")
    if _is_key(raw):
        raise KeyFaultError("the key is not encoded: the Secret's data must be the base64 of the key's text")
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError:
        raise KeyFaultError("the Secret's data doesn't decode to the text of a key") from None
    return read_key(text)


def _parsed(raw: bytes, text: str) -> CephxKey:
    if len(raw) < _HEAD.size:
        raise KeyFaultError(f"the key is too short: {len(raw)} bytes, less than its head of {_HEAD.size}")
    number, seconds, _, length = _HEAD.unpack_from(raw)
    if number not in _TYPES:
        raise KeyFaultError(f"the key is of type {number}; known are 1 (aes) and 2 (aes256k)")
    name, expected = _TYPES[number]
    if length != expected:
        raise KeyFaultError(f"the key says that its secret has {length} bytes; one of type {name} has {expected}")
    there = len(raw) - _HEAD.size
    if there != length:
        what = "cut off" if there < length else "followed by something else"
        raise KeyFaultError(f"the key is {what}: {there} bytes of {length} of its secret are there")
    return CephxKey(Secret(text), name, seconds)


def _is_key(raw: bytes) -> bool:
    try:
        _parsed(raw, "")
    except KeyFaultError:
        return False
    return True


def _key_in(raw: bytes) -> bytes | None:
    """What ``raw`` decodes to when it is the text of a key, with white space around it or not."""
    try:
        inner = _decoded(raw.decode("ascii").strip())
    except UnicodeDecodeError:
        return None
    return inner if inner is not None and _is_key(inner) else None


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return None
