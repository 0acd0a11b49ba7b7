"""Whether the key that a server shows is the one that known_hosts has for it, and what to tell a person when not."""

from __future__ import annotations

import base64
import shlex
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.errors import HostKeyError
from mountwright.ssh import certificates as ssh_certificates
from mountwright.ssh.known_hosts import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mountwright.ssh.known_hosts import Entry, KnownHosts
    from mountwright.ssh.settings import Endpoint

_TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
_RSA = ("rsa-sha2-512", "rsa-sha2-256")
_SHORT = {"ssh-ed25519": "ed25519", "ssh-rsa": "rsa"}


class OtherTypesError(Exception):
    """The host is known by keys of other types: connect again and ask for those (``types``)."""

    def __init__(self, types: list[str]) -> None:
        super().__init__(types)
        self.types = types


@dataclass(frozen=True)
class Shown:
    """What a server proved to have: a key (type, base64), or a certificate for one (its bytes; else empty)."""

    key_type: str
    key: str
    certificate: bytes = b""


def algorithms(first: Iterable[str], *, certificates: bool) -> list[str]:
    """Return the host key algorithms to offer, those of the key types ``first`` before the others.

    Certificates are asked for only where known_hosts trusts an authority for the host; they then go before all.
    """
    types = [key_type for key_type in dict.fromkeys([*first, *_TYPES]) if key_type in _TYPES]
    names = [name for key_type in types for name in (_RSA if key_type == "ssh-rsa" else (key_type,))]
    return [name + ssh_certificates.SUFFIX for name in names] + names if certificates else names


def judge(
    endpoint: Endpoint,
    known: KnownHosts,
    shown: Shown,
    signed_by: Callable[[ssh_certificates.Certificate], bool],
    *,
    asked_again: bool,
) -> None:
    """Return when the server is the one that known_hosts means; else raise HostKeyError with what to do.

    ``signed_by`` says whether a certificate's signature is right. Raises OtherTypesError when the server should be
    asked for a key of another type first (not when ``asked_again``).
    """
    names = endpoint.key_names
    if revoked := known.revoked(names, shown.key):
        raise HostKeyError(
            f"{endpoint.where}: its host key ({_named(shown)}) is revoked by {revoked.place}: give the host new keys"
        )
    if shown.certificate:
        _judge_certificate(endpoint, known, shown, signed_by)
        return
    if known.holds(names, shown.key):
        return
    entries = known.entries(names[0])
    same_type = [entry for entry in entries if entry.key_type == shown.key_type]
    if entries and not same_type and not asked_again:
        raise OtherTypesError([entry.key_type for entry in entries])
    if entries:
        raise HostKeyError(_changed(endpoint, shown, (same_type or entries)[0]))
    if not endpoint.accept_new or not known.files:
        raise HostKeyError(_unknown(endpoint, shown, known))
    try:
        known.add(names[0], shown.key_type, shown.key)
    except OSError as problem:
        raise HostKeyError(
            f"{endpoint.where}: its new host key can't be written to {known.files[0]}: {problem.strerror}"
        ) from None


def _judge_certificate(
    endpoint: Endpoint,
    known: KnownHosts,
    shown: Shown,
    signed_by: Callable[[ssh_certificates.Certificate], bool],
) -> None:
    names = endpoint.key_names
    plain_names = tuple(dict.fromkeys((names[-1], endpoint.host.lower())))
    authorities = {entry.key for entry in known.authorities(names)}
    try:
        certificate = ssh_certificates.parse(shown.certificate)
    except ValueError as problem:
        reason = str(problem)
    else:
        signer = certificate.authority
        if certificate.key != shown.key:
            reason = "it is for another key"
        elif revoked := known.revoked(names, signer):
            reason = f"its authority is revoked by {revoked.place}"
        else:
            reason = ssh_certificates.fault(certificate, plain_names, authorities, time.time())
            if not reason and not signed_by(certificate):
                reason = "its signature is wrong"
    if reason:
        raise HostKeyError(
            f"{endpoint.where}: its host certificate ({_named(shown)}) is refused: {reason}; have the host's key "
            "signed anew, or correct the @cert-authority line in known_hosts"
        )


def _named(shown: Shown) -> str:
    return f"{shown.key_type} {fingerprint(shown.key)}"


def _unknown(endpoint: Endpoint, shown: Shown, known: KnownHosts) -> str:
    file = shlex.quote(str(known.files[0])) if known.files else "~/.ssh/known_hosts"
    kind = _SHORT.get(shown.key_type, "ecdsa")
    if endpoint.jump or endpoint.proxy_command or endpoint.key_names[-1] != endpoint.host.lower():
        # ssh-keyscan can't go through other hosts, and knows no HostKeyAlias.
        accept = f"echo {shlex.quote(f'{endpoint.key_names[0]} {shown.key_type} {shown.key}')} >> {file}"
    else:
        accept = f"ssh-keyscan -p {endpoint.port} -t {kind} {shlex.quote(endpoint.host)} >> {file}"
    note = ""
    if endpoint.checking_refused:
        note = f" (StrictHostKeyChecking {endpoint.checking_refused} is not honoured; accept-new is)"
    return (
        f"{endpoint.where}: its host key is unknown{note}: {_named(shown)}. Compare this with what the host itself "
        f"says (ssh-keygen -lf /etc/ssh/ssh_host_{kind}_key.pub); if it is the same, accept it: {accept}"
    )


def _changed(endpoint: Endpoint, shown: Shown, entry: Entry) -> str:
    name, file = shlex.quote(endpoint.key_names[0]), shlex.quote(str(entry.source))
    return (
        f"{endpoint.where}: its host key has CHANGED: {entry.place} has {entry.key_type} {fingerprint(entry.key)}, "
        f"the host shows {_named(shown)}. Somebody may be in between. Only if you know that the host has new keys: "
        f"ssh-keygen -R {name} -f {file}, then accept the new key"
    )


def shown_key(key_type: str, blob: bytes, certificate: bytes | None) -> Shown:
    """Make a :class:`Shown` of the key's bytes (without the certificate around it)."""
    return Shown(key_type, base64.b64encode(blob).decode(), certificate or b"")
