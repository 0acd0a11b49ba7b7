"""Who the host says it is: what must differ between hosts. Duplicates are judged across hosts."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mountwright.doctor.check import Answer, Check
from mountwright.doctor.finding import Finding, warning
from mountwright.shell import Script

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mountwright.duties import Duties

# The NFSv4 client's identity is the host name, unless the module parameter nfs4_unique_id says otherwise
# (kernel documentation, filesystems/nfs/client-identifier).
_BODY = r"""
printf 'hostname\t%s\n' "$(uname -n)"
if [ -r /etc/machine-id ]; then printf 'machine-id\t%s\n' "$(cat /etc/machine-id)"; fi
if [ -r /sys/module/nfs/parameters/nfs4_unique_id ]; then
    printf 'nfs4-unique-id\t%s\n' "$(cat /sys/module/nfs/parameters/nfs4_unique_id)"
fi
"""


def _script(_duties: Duties) -> Script:
    return Script(_BODY)


def _judge(answer: Answer) -> Iterator[Finding]:
    if not answer.value("machine-id"):
        yield warning(
            "machine-id",
            "/etc/machine-id is missing or empty",
            "run systemd-machine-id-setup on the host.",
        )


def judge_duplicates(answers: Mapping[str, Answer]) -> Iterator[tuple[str, Finding]]:
    """Yield (host, finding) for every host that says that it is another one. ``answers`` are by inventory name."""
    by_id, by_client = defaultdict(list), defaultdict(list)
    for host, answer in answers.items():
        if machine := answer.value("machine-id"):
            by_id[machine].append(host)
        if answer.duties.mounts_from:
            unique = answer.value("nfs4-unique-id").strip("\0")
            by_client[(answer.value("hostname"), unique)].append(host)
    for hosts in by_id.values():
        for host in hosts if len(hosts) > 1 else ():
            yield (
                host,
                warning(
                    "machine-id-duplicate",
                    f"has the same /etc/machine-id as {_others(host, hosts)}: one was cloned from the other",
                    "on each clone: rm /etc/machine-id && systemd-machine-id-setup, then reboot.",
                ),
            )
    for (name, _), hosts in by_client.items():
        for host in hosts if len(hosts) > 1 else ():
            yield (
                host,
                warning(
                    "nfs-client-duplicate",
                    f"calls itself {name!r} like {_others(host, hosts)}: to an NFSv4 server they are one client, "
                    "and each takes the other's locks and open files away",
                    "give each its own name with hostnamectl set-hostname, or set the nfs module's nfs4_unique_id.",
                ),
            )


def _others(host: str, hosts: list[str]) -> str:
    return ", ".join(other for other in hosts if other != host)


CHECK = Check("identity", _script, _judge)
