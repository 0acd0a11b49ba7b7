"""The certificates of a lab's cluster: one authority, what it signs, and kubeconfig files made of it."""

from __future__ import annotations

import datetime as dt
import ipaddress
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence

_LIFETIME = dt.timedelta(days=7)
_EARLIER = dt.timedelta(hours=1)
"""How far a certificate reaches back: the clocks of machines differ."""


@dataclass(frozen=True)
class Credential:
    """A certificate and its private key, both in PEM."""

    certificate: str
    key: str


class Authority:
    """A certificate authority that lives as long as this object; its key is never written."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("mountwright-lab")
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        builder = self._builder(self._name, self._key.public_key()).add_extension(constraints, critical=True)
        self.certificate: str = self._sign(builder)
        """Its own certificate, in PEM."""

    def client(self, user: str, *groups: str) -> Credential:
        """Credentials by which the API server knows a user and their groups."""
        return self._issue(_name(user, *groups), (), ExtendedKeyUsageOID.CLIENT_AUTH)

    def server(self, name: str, addresses: Sequence[str], names: Sequence[str] = ()) -> Credential:
        """Credentials of a server that is reached at these IP addresses and host names."""
        alternatives: list[x509.GeneralName] = [x509.DNSName(each) for each in names]
        alternatives += [x509.IPAddress(ipaddress.ip_address(each)) for each in addresses]
        return self._issue(_name(name), alternatives, ExtendedKeyUsageOID.SERVER_AUTH)

    def _issue(
        self, name: x509.Name, alternatives: Sequence[x509.GeneralName], usage: x509.ObjectIdentifier
    ) -> Credential:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(name, key.public_key())
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        return Credential(self._sign(builder), _private(key))

    def _builder(self, name: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.timezone.utc)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _EARLIER)
            .not_valid_after(now + _LIFETIME)
        )

    def _sign(self, builder: x509.CertificateBuilder) -> str:
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def signing_key() -> Credential:
    """A key pair for the tokens of service accounts; ``certificate`` is the bare public key."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return Credential(public.decode(), _private(key))


def kubeconfig(url: str, authority: str, user: Credential) -> str:
    """The text of a kubeconfig file that holds all that it needs; it is a secret."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "lab", "cluster": {"server": url, "certificate-authority-data": _base64(authority)}},
        ],
        "users": [
            {
                "name": "lab",
                "user": {
                    "client-certificate-data": _base64(user.certificate),
                    "client-key-data": _base64(user.key),
                },
            },
        ],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "lab"}}],
        "current-context": "lab",
    }
    return yaml.safe_dump(document, sort_keys=False)


def _name(common: str, *organizations: str) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, each) for each in organizations]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _private(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
