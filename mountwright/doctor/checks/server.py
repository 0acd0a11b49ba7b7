"""What the server does now: whether its NFS server is up, and who listens on the ports that are to be its."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.doctor.check import Answer, Check
from mountwright.doctor.finding import Finding, error, info
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mountwright.duties import Duties

# In /proc/net/tcp the local address is hexadecimal, state 0A is LISTEN. A socket of the kernel's (nfsd, lockd)
# belongs to no process; whose another is, shows its inode among the open files. One ls(1) reads them all: a process
# for each file would take minutes on a slow machine.
_BODY = r"""
if [ -r /proc/fs/nfsd/threads ]; then printf 'threads\t%s\n' "$(cat /proc/fs/nfsd/threads)"; fi
sockets=$(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk '$4 == "0A" { n = split($2, part, ":"); print part[n], $10 }' | sort -u |
    while read -r hex inode; do
        port=$((0x$hex))
        case " $* " in *" $port "*) wanted=1 ;; *) wanted= ;; esac
        printf '%s %s %s\n' "$port" "$inode" "$wanted"
    done)
printf '%s\n' "$sockets" | awk 'NF { print "listens\t" $1 }' | sort -u
{ printf '%s\n' "$sockets"; ls -l /proc/[0-9]*/fd 2>/dev/null; } | awk '
    NF == 3 && $3 == 1 { port["socket:[" $2 "]"] = $1; next }
    /^\/proc\/[0-9]+\/fd:$/ { split($1, part, "/"); pid = part[3]; next }
    $NF in port { print port[$NF], pid }' | sort -u | while read -r port pid; do
    printf 'owner\t%s\t%s\t%s\n' "$port" "$pid" "$(cat "/proc/$pid/comm" 2>/dev/null)"
done
"""

_RIGHTFUL = {
    "nfs": (),  # the kernel's own
    "rpcbind": ("rpcbind", "systemd"),  # systemd: socket activation
    "mountd": ("rpc.mountd",),
    "statd": ("rpc.statd",),
    "lockd": (),
}


def _script(duties: Duties) -> Script | None:
    if not duties.serves:
        return None
    return Script(_BODY, arguments=tuple(port for _, port in duties.server_ports))


def _judge(answer: Answer) -> Iterator[Finding]:
    owners = [row[1:] for row in answer.rows if row[0] == "owner" and len(row) > 3]  # noqa: PLR2004 - columns
    services = {str(port): service for service, port in answer.duties.server_ports}
    for port, pid, command in {(port, command): (port, pid, command) for port, pid, command in owners}.values():
        service = services[port]
        if command not in _RIGHTFUL.get(service, ()):
            yield error(
                "port-taken",
                f"port {port}/tcp, which is to be {service}'s, is taken by {command or 'a process'} (pid {pid})",
                "stop that service, or give the NFS services other ports in storage.yml (nfs.ports).",
            )
    if answer.value("threads") in ("", "0"):
        yield info("nfs-server", "the NFS server is not running yet", "inv nfs.server brings it up.")


CHECK = Check("server", _script, _judge)
