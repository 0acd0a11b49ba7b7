"""Host certificates: what makes them good for a host, and that a forged one isn't."""

import base64
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificateBuilder,
    SSHCertificateType,
)

from mountwright.ssh.certificates import fault, parse
from mountwright.ssh.connector import _signature_is_right

NOW = int(time.time())
AUTHORITIES = {
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ecdsa": ec.generate_private_key(ec.SECP384R1()),
    "rsa": rsa.generate_private_key(65537, 2048),
}
HOSTS = {
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ecdsa": ec.generate_private_key(ec.SECP256R1()),
    "rsa": AUTHORITIES["rsa"],
}


def public(key):
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode().split()[1]


def make(
    host="ed25519",
    authority="ed25519",
    *,
    kind=SSHCertificateType.HOST,
    principals=(b"node1",),
    critical=False,
    after=NOW - 60,
    before=NOW + 60,
):
    builder = (
        SSHCertificateBuilder()
        .public_key(HOSTS[host].public_key())
        .serial(7)
        .type(kind)
        .key_id(b"the host")
        .valid_principals(list(principals))
        .valid_after(after)
        .valid_before(before)
    )
    if critical:
        builder = builder.add_critical_option(b"force-command", b"x")
    return base64.b64decode(builder.sign(AUTHORITIES[authority]).public_bytes().split()[1])


@pytest.mark.parametrize("authority", AUTHORITIES)
@pytest.mark.parametrize("host", HOSTS)
def test_every_kind_of_key_in_every_kind_of_hands(host, authority):
    """The fields are those that were put in, and the signature is right."""
    certificate = parse(make(host, authority))
    assert certificate.key == public(HOSTS[host])
    assert certificate.authority == public(AUTHORITIES[authority])
    assert (certificate.key_id, certificate.principals) == ("the host", ("node1",))
    assert _signature_is_right(certificate) is True


@pytest.mark.parametrize("authority", AUTHORITIES)
def test_a_forged_certificate_is_known(authority):
    """One byte of what was signed is another."""
    forged = make(authority=authority).replace(b"node1", b"node2")
    certificate = parse(forged)
    assert certificate.principals == ("node2",)
    assert _signature_is_right(certificate) is False


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, ""),
        ({"principals": [b"node*"]}, ""),
        ({"principals": [b"node2", b"x"]}, "it is for node2, x"),
        ({"kind": SSHCertificateType.USER}, "it is no host certificate"),
        ({"before": NOW - 1}, "it is expired or not valid yet"),
        ({"after": NOW + 30}, "it is expired or not valid yet"),
        ({"critical": True}, "it has critical options, which no host certificate may have"),
        ({"authority": "rsa"}, "it is signed by an authority that known_hosts doesn't trust for this host"),
    ],
)
def test_each_fault_is_named(options, reason):
    """Only a valid host certificate of the trusted authority for this name is good."""
    assert fault(parse(make(**options)), ["node1"], {public(AUTHORITIES["ed25519"])}, NOW) == reason


@pytest.mark.parametrize("length", range(0, 200, 7))
def test_a_cut_certificate_is_none(length):
    """No matter where: one kind of error, no traceback."""
    with pytest.raises(ValueError, match=r"cut off|not a certificate"):
        parse(make()[:length])
