"""Which ports are opened in which firewall."""

import pytest

from mountwright.errors import HostError
from mountwright.resources.base import Observed, OperatingSystem
from mountwright.resources.firewall import FirewallPorts

OS = OperatingSystem("redhat")
NFS = FirewallPorts("NFS", ("2049/tcp", "111/tcp", "111/udp"))


def firewalld(runtime="", permanent=None, services="ssh"):
    lines = []
    for scope, ports in (("runtime", runtime), ("permanent", runtime if permanent is None else permanent)):
        lines += [
            "public (active)",
            "  target: default",
            f"  services: {services}",
            f"  ports: {ports}",
            "  protocols: ",
        ]
        lines[-5:] = [f"firewalld {scope} {line}" for line in lines[-5:]]
    return Observed(present=True, stdout="\n".join(lines).encode())


def ufw(*rules, default="deny"):
    lines = ["Status: active", f"Default: {default} (incoming), allow (outgoing), disabled (routed)", *rules]
    return Observed(present=True, stdout="".join(f"ufw {line}\n" for line in lines).encode())


def opened(observed, resource=NFS):
    change = resource.plan(observed, OS)
    return None if change is None else list(change.script.arguments)


def test_no_firewall():
    """Where none is active, none is switched on."""
    assert NFS.plan(Observed(present=True, stdout=b""), OS) is None


@pytest.mark.parametrize(
    ("observed", "missing"),
    [
        (firewalld(), ["--add-port=2049/tcp", "--add-port=111/tcp", "--add-port=111/udp"]),
        (firewalld("2049/tcp 111/tcp 111/udp"), None),
        (firewalld("2049/tcp 100-200/tcp 111/udp"), None),
        (firewalld("2049/udp 111/tcp 111/udp"), ["--add-port=2049/tcp"]),
        (firewalld(services="ssh nfs rpc-bind"), None),
        (firewalld("111/tcp 111/udp", services="nfs3"), None),
        (firewalld("2049/tcp 111/tcp 111/udp", permanent="111/tcp 111/udp"), ["--add-port=2049/tcp"]),
        (firewalld("111/tcp 111/udp", permanent="2049/tcp 111/tcp 111/udp"), ["--add-port=2049/tcp"]),
    ],
)
def test_firewalld(observed, missing):
    """A port counts as open when it is so now and after a reboot, by itself, in a range or by a service."""
    assert missing == opened(observed)


@pytest.mark.parametrize(
    ("observed", "missing"),
    [
        (ufw(), ["2049/tcp", "111/tcp", "111/udp"]),
        (ufw("2049/tcp   ALLOW IN    Anywhere", "111   ALLOW IN   10.0.0.0/24"), None),
        (ufw("100:3000/tcp   ALLOW IN    Anywhere", "111/udp  LIMIT IN  Anywhere"), None),
        (ufw("Anywhere   ALLOW IN    10.0.0.0/24"), None),
        (ufw("2049/tcp (v6)   ALLOW IN    Anywhere (v6)"), ["2049/tcp", "111/tcp", "111/udp"]),
        (ufw(default="allow"), None),
    ],
)
def test_ufw(observed, missing):
    """A rule that the operator has for a port is respected, from wherever it lets in."""
    assert missing == opened(observed)


def test_ufw_rule_that_denies():
    """A rule that would come after the denying one does nothing, so it is not added."""
    with pytest.raises(HostError, match="a rule of ufw closes 2049/tcp, which NFS needs"):
        NFS.plan(ufw("2049   DENY IN    Anywhere"), OS)


def test_ufw_that_is_switched_off():
    """ufw.conf may say enabled while the service is down."""
    assert NFS.plan(Observed(present=True, stdout=b"ufw Status: inactive\n"), OS) is None
