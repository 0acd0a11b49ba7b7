"""Cross-checks of what the cluster is told: names, default classes, parameters, namespaces, reservations, nodes."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from mountwright.spec.check_hosts import suggestion
from mountwright.spec.provisioners import LOCAL, NFS_CSI, provisioner_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mountwright.inventory import Inventory
    from mountwright.spec.findings import Findings
    from mountwright.spec.kubernetes import Kubernetes
    from mountwright.spec.problems import Path
    from mountwright.spec.storage import StorageSpec
    from mountwright.spec.traits import ClassTraits, VolumeTraits

_ALWAYS_THERE = frozenset({"default", "kube-system", "kube-public", "kube-node-lease"})
_DERIVED = ("server", "share")


def check_objects(spec: StorageSpec, inventory: Inventory, findings: Findings) -> None:
    """Check the objects of all sections against each other and the inventory."""
    classes, volumes = list(_classes(spec)), list(_volumes(spec))
    _check_twice(((item.name, path) for item, path in classes), "a StorageClass", findings)
    _check_twice(((item.name, path) for item, path in volumes), "a PersistentVolume", findings)
    _check_default(classes, findings)
    for item, path in classes:
        _check_parameters(item, path, findings)
        if item.binding == "Immediate" and item.provisioner in LOCAL:
            _warn_immediate(item, path, findings)
    _check_reservations(volumes, findings)
    if spec.kubernetes is not None:
        _check_kubernetes(spec.kubernetes, volumes, inventory, findings)


def _classes(spec: StorageSpec) -> Iterator[tuple[ClassTraits, Path]]:
    for index, item in enumerate(spec.nfs.classes if spec.nfs else ()):
        yield item, ("nfs", "classes", index)
    for index, other in enumerate(spec.kubernetes.classes if spec.kubernetes else ()):
        yield other, ("kubernetes", "classes", index)


def _volumes(spec: StorageSpec) -> Iterator[tuple[VolumeTraits, Path]]:
    for index, item in enumerate(spec.nfs.volumes if spec.nfs else ()):
        yield item, ("nfs", "volumes", index)
    for index, other in enumerate(spec.kubernetes.volumes if spec.kubernetes else ()):
        yield other, ("kubernetes", "volumes", index)


def _check_kubernetes(
    kubernetes: Kubernetes, volumes: Sequence[tuple[VolumeTraits, Path]], inventory: Inventory, findings: Findings
) -> None:
    kinds: list[tuple[str, str, Iterable[tuple[str, str]]]] = [
        ("namespaces", "a Namespace", (("", item.name) for item in kubernetes.namespaces)),
        ("secrets", "a Secret", ((item.namespace, item.name) for item in kubernetes.secrets)),
        ("config_maps", "a ConfigMap", ((item.namespace, item.name) for item in kubernetes.config_maps)),
        ("claims", "a claim", ((item.namespace, item.name) for item in kubernetes.claims)),
    ]
    known = _ALWAYS_THERE | {item.name for item in kubernetes.namespaces}
    for section, what, names in kinds:
        listed: list[tuple[tuple[str, str], Path]] = [
            (name, ("kubernetes", section, index)) for index, name in enumerate(names)
        ]
        _check_twice((("/".join(filter(None, name)), path) for name, path in listed), what, findings)
        for (namespace, _), path in listed:
            _check_namespace(namespace, (*path, "namespace"), known, findings)
    for volume, path in volumes:
        _check_namespace(volume.claim.partition("/")[0] if volume.claim else "", (*path, "claim"), known, findings)
    _check_claims(kubernetes, {volume.name for volume, _ in volumes}, findings)
    _check_nodes(kubernetes, inventory, findings)


def _check_twice(named: Iterable[tuple[str, Path]], what: str, findings: Findings) -> None:
    first: dict[str, Path] = {}
    for name, path in named:
        here: Path = (*path, "name")
        other = first.setdefault(name, here)
        if other != here:
            findings.error(here, f"'{name}' is {what} already, in {findings.place(other)}")


def _check_default(classes: Iterable[tuple[ClassTraits, Path]], findings: Findings) -> None:
    defaults = [(item, path) for item, path in classes if item.default]
    for item, path in defaults[1:]:
        first, place = defaults[0]
        findings.error(
            (*path, "default"),
            f"'{first.name}' is the default class already, in {findings.place((*place, 'default'))}; with two, "
            f"claims get whichever is newer: take it from '{item.name}' or '{first.name}'",
        )


def _check_parameters(item: ClassTraits, path: Path, findings: Findings) -> None:
    provisioner = provisioner_of(item.provisioner)
    if provisioner is None:
        return
    derived = _DERIVED if path[0] == "nfs" and item.provisioner == NFS_CSI else ()
    for name in item.parameters:
        place = (*path, "parameters", name)
        if name in derived:
            findings.error(place, f"follows from 'server' and 'export' of the class; leave {name} out")
        elif name not in provisioner.known:
            _unknown_parameter(item.provisioner, name, place, findings)
    missing = [name for name in provisioner.required if name not in item.parameters and name not in derived]
    if missing:
        findings.error((*path, "parameters"), f"{item.provisioner} needs {', '.join(missing)} as well")


def _unknown_parameter(provisioner_name: str, name: str, place: Path, findings: Findings) -> None:
    provisioner = provisioner_of(provisioner_name)
    known = provisioner.known if provisioner else ()
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    # Its beginning is what people remember of a name: adminSecret for adminSecretName.
    better = near or [other for other in known if other.startswith(name)]
    if better:
        findings.error(place, f"is no parameter of {provisioner_name}; did you mean '{better[0]}'?")
    elif provisioner and provisioner.closed:
        takes = f"it takes {', '.join(known)}" if known else "it takes none"
        findings.error(place, f"is no parameter of {provisioner_name}; {takes}")
    else:
        findings.warn(place, f"is no parameter that {provisioner_name} is known to take")


def _warn_immediate(item: ClassTraits, path: Path, findings: Findings) -> None:
    findings.warn(
        (*path, "binding") if "binding" in item.model_fields_set else path,
        f"'{item.name}' binds at once, before the node of the pod is known, so pods may find their volume on another "
        "node; use binding: WaitForFirstConsumer",
    )


def _check_reservations(volumes: Iterable[tuple[VolumeTraits, Path]], findings: Findings) -> None:
    first: dict[str, tuple[str, Path]] = {}
    for volume, path in volumes:
        if volume.claim is None:
            continue
        here: Path = (*path, "claim")
        holder, place = first.setdefault(volume.claim, (volume.name, here))
        if place != here:
            findings.error(
                here,
                f"'{holder}' is reserved for {volume.claim} already, in {findings.place(place)}; a claim takes one",
            )


def _check_namespace(namespace: str, path: Path, known: frozenset[str], findings: Findings) -> None:
    if not namespace or namespace in known:
        return
    near = difflib.get_close_matches(namespace, known, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else "; declare it, with 'existing: true' when it is there already"
    findings.warn(path, f"the namespace '{namespace}' is not in kubernetes.namespaces{hint}")


def _check_claims(kubernetes: Kubernetes, volumes: set[str], findings: Findings) -> None:
    for index, claim in enumerate(kubernetes.claims):
        path: Path = ("kubernetes", "claims", index)
        if claim.volume is not None and claim.volume not in volumes and not _left_out(findings):
            hint = suggestion(claim.volume, volumes)
            findings.warn((*path, "volume"), f"'{claim.volume}' is no volume of storage.yml{hint}")
        if "ReadWriteOncePod" in claim.access_modes and len(claim.access_modes) > 1:
            findings.error(
                (*path, "access_modes"), "ReadWriteOncePod stands alone: the API refuses others beside it in a claim"
            )


def _left_out(findings: Findings) -> bool:
    """Whether some volumes were faulty, so that not all of their names are known."""
    return any(findings.left_out.get((section, "volumes")) for section in ("nfs", "kubernetes"))


def _check_nodes(kubernetes: Kubernetes, inventory: Inventory, findings: Findings) -> None:
    for node in kubernetes.node_names:
        if node not in inventory.hosts:
            message = f"'{node}' is no host of the inventory{suggestion(node, inventory.hosts)}"
            findings.error(("kubernetes", "node_names", node), message)
    for index, volume in enumerate(kubernetes.volumes):
        for place, node in enumerate(volume.nodes):
            if node not in inventory.hosts:
                message = f"'{node}' is no host of the inventory{suggestion(node, inventory.hosts)}"
                findings.error(("kubernetes", "volumes", index, "nodes", place), message)
