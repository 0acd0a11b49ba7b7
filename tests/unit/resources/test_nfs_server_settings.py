"""When the NFS server is restarted, and when it is not."""

import pytest

from mountwright.resources.base import Observed, OperatingSystem
from mountwright.resources.nfs_server_settings import FixedPorts, NfsServerSettings

OS = OperatingSystem("debian")
V3 = NfsServerSettings(FixedPorts(mountd=20048, statd=32765, lockd_tcp=32768, lockd_udp=32769))
V4 = NfsServerSettings(None)
PORTS = {
    "100003/tcp/3": 2049,
    "100005/udp/3": 20048,
    "100005/tcp/3": 20048,
    "100024/udp/1": 32765,
    "100024/tcp/1": 32765,
    "100021/udp/4": 32769,
    "100021/tcp/4": 32768,
}


def seen(versions="+3 +4 +4.1 +4.2", threads=8, ports=PORTS, **other):
    lines = [f"threads={threads}", f"versions={versions}"]
    lines += [f"{key}={port}" for key, port in {**ports, **other}.items()]
    return Observed(present=True, stdout="\n".join(lines).encode() + b"\n")


def without(program):
    return {key: port for key, port in PORTS.items() if not key.startswith(program)}


@pytest.mark.parametrize(
    ("settings", "observed"),
    [
        (V3, seen()),
        (V4, seen("-3 +4 +4.1", ports={})),
        (V3, seen(ports=without("100021"))),
        (NfsServerSettings(V3.v3, threads=8), seen()),
        (V3, Observed(present=False)),
    ],
    ids=["v3 and v4", "v4 only", "no lock was asked for yet", "threads as declared", "no server runs"],
)
def test_as_declared(settings, observed):
    """What runs as declared is never restarted."""
    assert settings.plan(observed, OS) is None


@pytest.mark.parametrize(
    ("settings", "observed", "summary"),
    [
        (V4, seen(), "restart nfs-server (NFSv3 is on)"),
        (V3, seen("-3 +4"), "restart nfs-server (NFSv3 is off)"),
        (V4, seen("+3 -4", ports={}), "restart nfs-server (NFSv4 is off, NFSv3 is on)"),
        (
            V3,
            seen(ports=without("100005")),
            (
                "restart nfs-server (mountd is not registered with rpcbind for tcp, "
                "mountd is not registered with rpcbind for udp)"
            ),
        ),
        (
            V3,
            seen(ports=PORTS | {"100005/tcp/1": 40001}),
            "restart nfs-server (mountd has tcp port 20048, 40001 instead of 20048)",
        ),
        (
            V3,
            seen(ports=PORTS | {"100021/udp/4": 32768}),
            "restart nfs-server (lockd has udp port 32768 instead of 32769)",
        ),
        (V3, seen(ports=PORTS | {"100024/tcp/1": 9}), "restart rpc-statd (statd has tcp port 9 instead of 32765)"),
        (NfsServerSettings(V3.v3, threads=16), seen(), "set the threads of nfsd to 16 (now 8)"),
    ],
)
def test_differs(settings, observed, summary):
    """The summary says what is restarted and why, so that check mode shows it."""
    assert summary == settings.plan(observed, OS).summary


def test_statd_alone_leaves_the_server_running():
    """statd is a service of its own: clients notice nothing."""
    change = V3.plan(seen(ports=without("100024")), OS)
    assert (change.script.values["statd"], change.script.values["server"], change.notes) == (True, False, ())


def test_restart_says_what_clients_will_see():
    """An operator decides on a restart knowing what it costs."""
    assert "grace period" in V4.plan(seen(), OS).notes[0]
