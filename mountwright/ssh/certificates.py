"""OpenSSH host certificates (PROTOCOL.certkeys): read, and judged by what known_hosts says of authorities."""

from __future__ import annotations

import base64
import fnmatch
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

SUFFIX = "-cert-v01@openssh.com"
_HOST = 2
_NUMBERS = {
    "ssh-rsa": 2,
    "ssh-ed25519": 1,
    "ecdsa-sha2-nistp256": 2,
    "ecdsa-sha2-nistp384": 2,
    "ecdsa-sha2-nistp521": 2,
}


@dataclass(frozen=True)
class Certificate:
    """A certificate's fields. ``signed`` is what ``signature`` signs; times are seconds since 1970."""

    kind: int
    key: str
    key_id: str
    principals: tuple[str, ...]
    valid_after: int
    valid_before: int
    critical: bool
    authority: str
    authority_type: str
    signed: bytes
    signature: bytes


class _Reader:
    def __init__(self, blob: bytes) -> None:
        self.blob = blob
        self.at = 0

    def string(self) -> bytes:
        (size,) = struct.unpack_from(">I", self.blob, self.at)
        start, self.at = self.at + 4, self.at + 4 + size
        if self.at > len(self.blob):
            raise ValueError("cut off")
        return self.blob[start : self.at]

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self.blob, self.at)
        self.at += struct.calcsize(form)
        return int(value)


def parse(blob: bytes) -> Certificate:
    """Read a certificate. Raises ValueError for anything that is none."""
    reader = _Reader(blob)
    try:
        plain = reader.string().decode("ascii").removesuffix(SUFFIX)
        reader.string()  # the nonce
        numbers = [reader.string() for _ in range(_NUMBERS[plain])]
        reader.number(">Q")  # the serial
        kind = reader.number(">I")
        key_id = reader.string().decode("utf-8", "replace")
        names = _Reader(reader.string())
        principals = []
        while names.at < len(names.blob):
            principals.append(names.string().decode("utf-8", "replace"))
        after, before = reader.number(">Q"), reader.number(">Q")
        critical = reader.string()
        reader.string()  # extensions
        reader.string()  # reserved
        authority = reader.string()
        signed = blob[: reader.at]
        signature = reader.string()
        authority_type = _Reader(authority).string().decode("ascii")
    except (KeyError, struct.error, UnicodeDecodeError) as problem:
        raise ValueError(f"not a certificate: {problem!r}") from None
    key = b"".join(struct.pack(">I", len(part)) + part for part in (plain.encode(), *numbers))
    return Certificate(
        kind, base64.b64encode(key).decode(), key_id, tuple(principals), after, before, bool(critical),
        base64.b64encode(authority).decode(), authority_type, signed, signature,
    )  # fmt: skip


def fault(certificate: Certificate, names: Sequence[str], authorities: Collection[str], now: float) -> str:
    """Return why the certificate doesn't prove one of the host names; "" when it does, its signature apart.

    ``authorities`` are the keys (base64) that known_hosts trusts for the host.
    """
    if certificate.authority not in authorities:
        return "it is signed by an authority that known_hosts doesn't trust for this host"
    if certificate.kind != _HOST:
        return "it is no host certificate"
    if not certificate.valid_after <= now < certificate.valid_before:
        return "it is expired or not valid yet"
    if certificate.critical:
        return "it has critical options, which no host certificate may have"
    # Without principals OpenSSH takes a host certificate for any name; the rest match as patterns.
    if certificate.principals and not any(
        fnmatch.fnmatchcase(name, principal.lower()) for principal in certificate.principals for name in names
    ):
        return f"it is for {', '.join(certificate.principals)}"
    return ""
