"""Whether the node can reach the servers' ports from where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.doctor.check import Answer, Check
from mountwright.doctor.finding import Finding, error, info
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mountwright.duties import Duties

WAIT_SECONDS = 4

# bash opens TCP connections itself (/dev/tcp); nc is the other way; without both nothing can be told. All are tried
# at the same time. The pairs are numbered, so that an address can't be mistaken for anything else in the answer.
_BODY = r"""
if have bash && have timeout; then way=bash
elif have nc && have timeout; then way=nc
else printf 'no-way\tyes\n'; exit 0
fi
try() {
    if [ "$way" = bash ]; then
        said=$(timeout "$wait" bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$2" "$3" 2>&1)
    else
        said=$(timeout "$wait" nc -z -w "$wait" "$2" "$3" 2>&1)
    fi
    code=$?
    said=$(printf '%s' "$said" | tr '\n\t' '  ' | cut -c 1-300)
    printf 'port\t%s\t%s\t%s\n' "$1" "$code" "$said"
}
number=0
while [ "$#" -gt 1 ]; do
    try "$number" "$1" "$2" &
    number=$((number + 1))
    shift 2
done
wait
"""


def _targets(duties: Duties) -> tuple[tuple[str, str, str, int], ...]:
    """Return (server, address, service, port) for all that the host must reach; itself it need not reach."""
    return tuple(
        (server.name, server.address, service, port)
        for server in duties.mounts_from
        if server.name != duties.host
        for service, port in duties.server_ports
    )


def _script(duties: Duties) -> Script | None:
    targets = _targets(duties)
    if not targets:
        return None
    pairs = [word for _, address, _, port in targets for word in (address, str(port))]
    return Script(_BODY, {"wait": WAIT_SECONDS}, pairs)


def _judge(_answer: Answer) -> Iterator[Finding]:
    # What a refusal means depends on the server: judge_ports has both.
    yield from ()


def judge_ports(answer: Answer, servers: Mapping[str, Answer | None]) -> Iterator[Finding]:
    """Judge what one node saw.

    ``servers`` has the answer of each server's own check (doctor/checks/server.py) by name; None or nothing where
    the server was not asked.
    """
    if answer.value("no-way"):
        yield info(
            "port",
            "can't tell whether the servers' ports can be reached: the host has neither bash nor nc",
            "install bash, or try from the host with whatever is there.",
        )
        return
    results = {int(row[1]): (int(row[2]), row[3]) for row in answer.rows if row[0] == "port" and len(row) > 3}  # noqa: PLR2004
    unreachable: dict[Finding, None] = {}  # a set that keeps the order: each service says the same
    silent: dict[tuple[str, str], list[str]] = {}
    refused: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for number, (server, address, service, port) in enumerate(_targets(answer.duties)):
        code, said = results.get(number, (-1, "no answer of the check"))
        if code == 0:
            continue
        if "refused" in said or (code == 1 and not said):
            refused.setdefault((server, address), []).append((service, port))
        elif code == 124 or "timed out" in said:  # noqa: PLR2004 - timeout(1)'s own exit code
            silent.setdefault((server, address), []).append(f"{service} ({port}/tcp)")
        else:
            unreachable[_other_failure(server, address, said)] = None
    yield from unreachable
    for (server, address), services in silent.items():
        yield error(
            "port",
            f"no answer from {server} ({address}) within {WAIT_SECONDS} s on {', '.join(services)}",
            "a firewall drops it, or the address is wrong: open the ports, or set nfs.addresses in storage.yml.",
        )
    for (server, address), ports in refused.items():
        yield from _refused(server, address, ports, servers.get(server))


def _other_failure(server: str, address: str, said: str) -> Finding:
    reason = said.rpartition(": ")[2] or said
    if "not known" in said or "resolution" in said or "No address" in said:
        message = f"the address of {server}, {address}, can't be resolved on this host"
        return error("port", message, f"see getent hosts {address}, or set nfs.addresses in storage.yml.")
    return error(
        "port",
        f"{server} ({address}) can't be reached: {reason}",
        f"see ip route get {address} on this host, or set nfs.addresses in storage.yml to one that nodes reach.",
    )


def _refused(server: str, address: str, ports: list[tuple[str, int]], seen: Answer | None) -> Iterator[Finding]:
    listening = set(seen.values("listens")) if seen else set()
    blocked = [f"{service} ({port}/tcp)" for service, port in ports if str(port) in listening]
    absent = [f"{service} ({port}/tcp)" for service, port in ports if str(port) not in listening]
    if blocked:
        yield error(
            "port",
            f"{server} ({address}) refuses {', '.join(blocked)}, though it listens there itself",
            "a firewall rejects it, or the address is another machine's: see nft list ruleset on the server, "
            "and nfs.addresses in storage.yml.",
        )
    if absent:
        yield info(
            "port",
            f"nothing listens yet on {server} ({address}) for {', '.join(absent)}",
            f"inv nfs.server --limit {server} brings it up.",
        )


CHECK = Check("ports", _script, _judge)
