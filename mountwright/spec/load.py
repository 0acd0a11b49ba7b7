"""storage.yml from file to spec: read, validated, cross-checked against the inventory; no host is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright import yaml_lines
from mountwright.errors import InputError
from mountwright.spec.check_ceph import check_ceph
from mountwright.spec.check_exports import check_exports
from mountwright.spec.check_hosts import hosts_of, place
from mountwright.spec.check_objects import check_objects
from mountwright.spec.check_volumes import check_volumes
from mountwright.spec.findings import Findings
from mountwright.spec.reading import read
from mountwright.spec.storage import StorageSpec
from mountwright.spec.values import found

if TYPE_CHECKING:
    from pathlib import Path

    from mountwright.inventory import Inventory
    from mountwright.spec.kubectl import Kubectl
    from mountwright.spec.nfs import Nfs


def load_storage(path: Path, inventory: Inventory) -> StorageSpec:
    """Read storage.yml and check it against the inventory.

    Raises InputError with every fault that was found: of the file, of each value, and between them.
    """
    document = yaml_lines.load(path)
    findings = Findings(document)
    sections = ", ".join(StorageSpec.model_fields)
    if document.value is None or document.value == {}:
        findings.error((), f"the file is empty; expected at least one of the sections {sections}")
    elif not isinstance(document.value, dict):
        findings.error((), f"expected a mapping with the sections {sections}, found {found(document.value)}")
    if findings.errors:
        raise InputError(findings.errors)
    spec = read(document.value, findings)
    if spec.kubernetes is not None and spec.kubernetes.kubectl is not None:
        _place_kubectl(spec.kubernetes.kubectl, inventory, findings)
    if spec.nfs is not None:
        _place_nfs(spec.nfs, inventory, findings)
    if spec.ceph is not None:
        check_ceph(spec.ceph, inventory, findings)
    check_objects(spec, inventory, findings)
    if findings.errors:
        raise InputError(findings.errors)
    spec._warnings = tuple(sorted(set(findings.warnings)))  # noqa: SLF001 - what loading found is set once, here
    spec._document, spec._origins = document, findings.origins  # noqa: SLF001 - set once, here
    return spec


def _place_nfs(nfs: Nfs, inventory: Inventory, findings: Findings) -> None:
    placement = place(nfs, inventory, findings)
    check_exports(nfs, placement, findings)
    if not nfs.v3 and "ports" in nfs.model_fields_set:
        findings.warn(("nfs", "ports"), "these ports are not used: they belong to NFSv3, and the protocol is v4")
    nfs._placement = check_volumes(nfs, placement, inventory, findings)  # noqa: SLF001 - set once, here


def _place_kubectl(kubectl: Kubectl, inventory: Inventory, findings: Findings) -> None:
    if kubectl.on is not None:
        hosts = hosts_of(kubectl.on, ("kubernetes", "kubectl", "on"), inventory, findings)
        kubectl._host = hosts[0].name if hosts else ""  # noqa: SLF001 - set once, here
