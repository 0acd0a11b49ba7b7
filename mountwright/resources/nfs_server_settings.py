"""What the running NFS server does: versions, ports, threads; restarted only where these are not as declared.

nfs.conf is read when the server starts. So its text is one resource, a file, and what the server made of it is this
one, which looks at the kernel and at rpcbind and not at whether the file was changed: a run that died between the two
is healed by the next. A change of exports never comes here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.resources.base import Change
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mountwright.resources.base import Observed, OperatingSystem

# RPC program numbers, IANA and rpc(5): 100003 nfs, 100005 mountd, 100021 nlockmgr, 100024 status.
_PROBE = r"""
threads=0
if [ -r /proc/fs/nfsd/threads ]; then read -r threads </proc/fs/nfsd/threads || :; fi
[ "${threads:-0}" -gt 0 ] || absent
read -r versions </proc/fs/nfsd/versions || fail 'the kernel does not tell which versions of NFS it serves'
printf 'threads=%s\nversions=%s\n' "$threads" "$versions"
if have rpcinfo; then
    rpcinfo -p 127.0.0.1 2>/dev/null | while read -r program version protocol port name; do
        case $program in 1000*) printf '%s/%s/%s=%s\n' "$program" "$protocol" "$version" "$port" ;; esac
    done
fi
exit 0
"""

# Variables: statd, server (flags: restart), threads, lockd_tcp, lockd_udp (empty: leave).
_APPLY = r"""
restart() {
    systemctl restart "$1" && return 0
    journalctl -u "$1" -n 5 --no-pager >&2 2>/dev/null || :
    return 1
}
if [ -n "$lockd_tcp" ]; then
    # lockd takes these from its module's options when that is loaded, and it is loaded by now
    if [ -w /proc/sys/fs/nfs/nlm_tcpport ]; then echo "$lockd_tcp" >/proc/sys/fs/nfs/nlm_tcpport; fi
    if [ -w /proc/sys/fs/nfs/nlm_udpport ]; then echo "$lockd_udp" >/proc/sys/fs/nfs/nlm_udpport; fi
fi
if [ -n "$statd" ]; then restart rpc-statd.service; fi
if [ -n "$server" ]; then restart nfs-server.service; fi
if [ -n "$threads" ] && [ -z "$server" ]; then echo "$threads" >/proc/fs/nfsd/threads; fi
"""


@dataclass(frozen=True)
class FixedPorts:
    """Ports of the NFSv3 services; TCP and UDP alike except for lockd's."""

    mountd: int
    statd: int
    lockd_tcp: int
    lockd_udp: int


@dataclass(frozen=True)
class NfsServerSettings:
    """The live settings of the NFS server of a host.

    ``v3``: the ports of NFSv3's services, None when NFSv3 is off. ``threads``: how many nfsd threads, None: as the
    distribution has it. A server that does not run has no settings: its unit is another resource.
    """

    v3: FixedPorts | None
    threads: int | None = None

    @property
    def id(self) -> str:
        """There is one server a host."""
        return "nfs_server_settings:live"

    def probe(self) -> Script:
        """Print ``threads``, ``versions`` and, by ``program/protocol/version``, the ports that rpcbind knows."""
        return Script(_PROBE)

    def plan(self, observed: Observed, os: OperatingSystem) -> Change | None:
        """Compare what runs with what is declared; None as well when no server runs."""
        del os  # the kernel and rpcbind are the same everywhere
        if not observed.present:
            return None
        fields = observed.fields
        statd = list(self._wrong_ports(fields, _STATD))
        server = [*self._wrong_versions(fields["versions"]), *self._wrong_ports(fields, _MOUNTD, _LOCKD)]
        wrong_threads = self.threads is not None and int(fields["threads"]) != self.threads
        if not statd and not server and not wrong_threads:
            return None
        parts = [
            f"restart nfs-server ({', '.join(server)})" if server else "",
            f"restart rpc-statd ({', '.join(statd)})" if statd else "",
            f"set the threads of nfsd to {self.threads} (now {fields['threads']})" if wrong_threads else "",
        ]
        note = "clients keep their mounts, but wait for the server, up to its grace period of 90 s"
        return Change(
            "; ".join(part for part in parts if part),
            Script(
                _APPLY,
                values={
                    "statd": bool(statd),
                    "server": bool(server),
                    "threads": self.threads if wrong_threads and self.threads is not None else "",
                    "lockd_tcp": self.v3.lockd_tcp if self.v3 else "",
                    "lockd_udp": self.v3.lockd_udp if self.v3 else "",
                },
            ),
            notes=(note,) if server else (),
        )

    def _wrong_versions(self, versions: str) -> Iterator[str]:
        served = {word[1:] for word in versions.split() if word.startswith("+")}
        if "4" not in served:
            yield "NFSv4 is off"
        if ("3" in served) != (self.v3 is not None):
            yield "NFSv3 is off" if self.v3 else "NFSv3 is on"

    def _wrong_ports(self, fields: Mapping[str, str], *services: _Service) -> Iterator[str]:
        """One line a service that listens elsewhere; lockd starts with the first lock, so it may be absent."""
        if self.v3 is None:
            return
        for service in services:
            for protocol, attribute in (("tcp", service.tcp), ("udp", service.udp)):
                declared = str(getattr(self.v3, attribute))
                found = _ports(fields, service.program, protocol)
                if not found and not service.optional:
                    yield f"{service.name} is not registered with rpcbind for {protocol}"
                elif found - {declared}:
                    yield f"{service.name} has {protocol} port {', '.join(sorted(found))} instead of {declared}"


@dataclass(frozen=True)
class _Service:
    name: str
    program: str
    tcp: str
    udp: str
    optional: bool = False


_MOUNTD = _Service("mountd", "100005", "mountd", "mountd")
_STATD = _Service("statd", "100024", "statd", "statd")
_LOCKD = _Service("lockd", "100021", "lockd_tcp", "lockd_udp", optional=True)


def _ports(fields: Mapping[str, str], program: str, protocol: str) -> set[str]:
    return {port for key, port in fields.items() if key.startswith(f"{program}/{protocol}/")}
