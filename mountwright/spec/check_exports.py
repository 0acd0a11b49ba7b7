"""Cross-checks of nfs.exports: what exportfs would refuse, or take otherwise than it was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright.nfs.clients import classify_client, normalise_client
from mountwright.nfs.options import canonical_fsid
from mountwright.spec.exports import option_faults

if TYPE_CHECKING:
    from mountwright.spec.exports import Export
    from mountwright.spec.findings import Findings
    from mountwright.spec.nfs import Nfs, Placement
    from mountwright.spec.problems import Path

_NEEDS_V3 = frozenset({"nordirplus", "insecure_locks", "no_auth_nlm", "secure_locks", "auth_nlm", "hide", "nohide"})
# Measured: Debian 13 (2.8.3) knows them, Debian 12 (2.6.2) does not.
_NEW = ("xprtsec=", "reexport=")


def check_exports(nfs: Nfs, placement: Placement, findings: Findings) -> None:
    """Check the exports one by one and against each other."""
    for index, export in enumerate(nfs.exports):
        path: Path = ("nfs", "exports", index)
        for client, message in option_faults(export):
            findings.error((*path, "clients", client), message)
        _warn(export, path, nfs, findings)
    _check_twice(nfs, placement, findings)
    _check_fsid(nfs, placement, findings)


def _check_twice(nfs: Nfs, placement: Placement, findings: Findings) -> None:
    """One path to one client twice on a server: exportfs takes the first and drops the other."""
    first: dict[tuple[str, str, str], tuple[Path, str]] = {}
    for index, export in enumerate(nfs.exports):
        for client in export.clients:
            path: Path = ("nfs", "exports", index, "clients", client)
            # Without known servers the exports are still compared with each other, as if all were on one.
            taken = [
                first.setdefault((server, export.path, normalise_client(client)), (path, client))
                for server in placement.exports[index] or ("",)
            ]
            other = next((holder for holder in taken if holder[0] != path), None)
            if other:
                spelling = "" if other[1] == client else f", written {other[1]}"
                message = f"{export.path} is exported to {client} already, in {findings.place(other[0])}{spelling}"
                findings.error(path, message)


def _check_fsid(nfs: Nfs, placement: Placement, findings: Findings) -> None:
    """A fsid names one file system of a server: two paths can't share it."""
    first: dict[tuple[str, str], tuple[str, Path]] = {}
    for index, export in enumerate(nfs.exports):
        for client, options in export.clients.items():
            path: Path = ("nfs", "exports", index, "clients", client)
            for fsid in {canonical_fsid(option) for option in options if option.startswith("fsid=")}:
                taken = [
                    first.setdefault((server, fsid), (export.path, path))
                    for server in placement.exports[index] or ("",)
                ]
                other = next((holder for holder in taken if holder[0] != export.path), None)
                if other:
                    message = f"fsid={fsid} is taken already, by {other[0]} in {findings.place(other[1])}"
                    findings.error(path, message)


def _warn(export: Export, path: Path, nfs: Nfs, findings: Findings) -> None:
    for entry in export.entries:
        place = (*path, "clients", entry.client)
        said = set(entry.options)
        if "rw" in said and "no_root_squash" in said and _is_everybody(entry.client):
            findings.warn(
                place,
                f"everybody may write to {export.path} as root (rw and no_root_squash for {entry.client}); "
                "name the clients, or leave root_squash on",
            )
        if "async" in said:
            findings.warn(place, "async loses data that clients take for written when the server crashes; use sync")
        kerberos = [option for option in entry.options if option.startswith("sec=") and "krb5" in option]
        if kerberos:
            findings.warn(
                place, f"{kerberos[-1]} needs keytabs and rpc.gssd on servers and nodes, which are not set up here"
            )
        new = [option for option in entry.options if option.startswith(_NEW)]
        if new:
            findings.warn(place, f"{', '.join(new)} is unknown to nfs-utils 2.6.2 and older (Debian 12)")
        useless = sorted(_NEEDS_V3 & said)
        if useless and not nfs.v3:
            findings.warn(place, f"without effect: {', '.join(useless)}; it is about NFSv3, and the protocol is v4")


def _is_everybody(client: str) -> bool:
    return classify_client(client) == "everybody" or normalise_client(client) in {"0.0.0.0/0", "::/0"}
