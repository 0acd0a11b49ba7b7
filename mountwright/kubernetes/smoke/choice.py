"""Which storage a run tries: what the operator named, else all that storage.yml declares."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mountwright.errors import InputError
from mountwright.kubernetes.manifests import mapping
from mountwright.kubernetes.smoke.target import (
    Consumer,
    NotTriedError,
    Target,
    class_target,
    export_target,
    node_target,
    volume_target,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mountwright.kubernetes.manifests import Manifest
    from mountwright.spec import StorageSpec

KINDS = {"class": "StorageClass", "volume": "PersistentVolume"}
DIRECTORY_OF_NODES = "/var/tmp"  # noqa: S108 - a directory that every node has and every user may write to


@dataclass(frozen=True)
class Wish:
    """One piece of storage to try: a ``class`` or ``volume`` by its name, or a target that is known already.

    ``named``: the operator asked for it by name, so that it is no use to leave it out.
    """

    kind: str
    name: str
    consumer: Consumer
    target: Target | None = None
    named: bool = True

    @property
    def title(self) -> str:
        """How reports call it."""
        return self.target.name if self.target else f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Chosen:
    """The wishes in their order, and notes on what is left out of them."""

    wishes: tuple[Wish, ...]
    notes: tuple[str, ...] = ()


def consumer_of(name: str, *, has_export: bool) -> Consumer:
    """The consumer that ``--consumer`` names; without it a pod, for an export one that mounts it inline.

    Raises InputError for a name that is none.
    """
    if not name:
        return Consumer.INLINE if has_export else Consumer.POD
    try:
        return Consumer(name)
    except ValueError:
        known = ", ".join(consumer.value for consumer in Consumer)
        raise InputError(f"--consumer is one of {known}, not {name!r}") from None


def choose(
    spec: StorageSpec,
    manifests: Sequence[Manifest],
    *,
    storage_class: str = "",
    volume: str = "",
    export: str = "",
    consumer: str = "",
) -> Chosen:
    """What to try, by the task's options; ``manifests`` are the objects that storage.yml declares.

    Raises InputError for options that exclude each other, and for an export that nobody declares.
    """
    given = {"--class": storage_class, "--volume": volume, "--export": export}
    named = [option for option, value in given.items() if value]
    if len(named) > 1:
        raise InputError(f"{' and '.join(named)} exclude each other: try one after the other")
    kind = consumer_of(consumer, has_export=bool(export))
    if kind in (Consumer.EMPTYDIR, Consumer.HOSTPATH):
        if named:
            raise InputError(f"--consumer {kind.value} uses the node's own storage: leave {named[0]} out")
        path = DIRECTORY_OF_NODES if kind is Consumer.HOSTPATH else ""
        return Chosen((_known(node_target(kind, path)),))
    if kind is Consumer.INLINE:
        if storage_class or volume:
            raise InputError(f"--consumer inline mounts an export without a claim: leave {named[0]} out")
        return Chosen(tuple(_known(target) for target in _exports(spec, export)))
    if export:
        raise InputError(f"--export is for --consumer inline: a {kind.value} gets its storage by --class or --volume")
    if storage_class or volume:
        return Chosen((Wish("class" if storage_class else "volume", storage_class or volume, kind),))
    return _everything(manifests, kind)


def declared_targets(
    wishes: Iterable[Wish], manifests: Sequence[Manifest], capacity: str
) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """The targets as far as storage.yml tells, without asking the cluster; and notes on what can't be tried.

    Raises InputError for a name that storage.yml does not declare.
    """
    objects = {(manifest.kind, manifest.name): manifest.data for manifest in manifests}
    targets, notes = [], []
    for wish in wishes:
        data = objects.get((KINDS.get(wish.kind, ""), wish.name), {})
        if wish.target is None and not data:
            known = [name for kind, name in objects if kind == KINDS[wish.kind]]
            near = difflib.get_close_matches(wish.name, known, 1)
            hint = f"did you mean {near[0]}?" if near else "with --apply the cluster is asked for it"
            raise InputError(f"storage.yml declares no {wish.kind} {wish.name!r}; {hint}")
        try:
            targets.append(wish.target or target_of(wish, data, capacity, ()))
        except NotTriedError as error:
            notes.append(f"{wish.title} is not tried: {error.reason}" + (f"; {error.remedy}" if error.remedy else ""))
    return tuple(targets), tuple(notes)


def target_of(wish: Wish, data: dict[str, Any], capacity: str, volumes: Iterable[dict[str, Any]]) -> Target:
    """The target of a wish for the class or volume ``data``; ``volumes`` are the cluster's PersistentVolumes.

    Raises NotTriedError where a trial could do harm, or could not be one.
    """
    if wish.kind == "class":
        return class_target(data, wish.consumer, capacity, volumes)
    return volume_target(data, wish.consumer)


def _known(target: Target) -> Wish:
    return Wish("", target.name, target.consumer, target)


def _exports(spec: StorageSpec, export: str) -> list[Target]:
    """The exports that ``--export`` means (all without it), on each of their servers."""
    nfs = spec.nfs
    if nfs is None:
        raise InputError("storage.yml has no section nfs, so there is no export to mount")
    server, separator, path = export.rpartition(":")
    known = [(host, each.path) for host in nfs.server_hosts for each in nfs.exports_for(host)]
    found = [
        pair
        for pair in known
        if not export or (pair[1] == path and server in ("", pair[0], nfs.server_address(pair[0])))
    ]
    if not found and separator and server in nfs.external and path.startswith("/"):
        found = [(server, path)]
    if not found:
        expected = "a path of nfs.exports, or SERVER:PATH on a server of nfs.external"
        raise InputError(f"storage.yml declares no export {export!r}".removesuffix(" ''") + f"; expected {expected}")
    return [export_target(nfs.server_address(host), each) for host, each in found]


def _everything(manifests: Sequence[Manifest], consumer: Consumer) -> Chosen:
    """Every class, and the volumes: of those that one declaration makes in a row, the first."""
    classes = [manifest.name for manifest in manifests if manifest.kind == "StorageClass"]
    pools: dict[object, list[Manifest]] = {}
    for manifest in manifests:
        if manifest.kind == "PersistentVolume":
            pools.setdefault(manifest.path, []).append(manifest)
    notes = [
        f"of the {len(pool)} volumes {pool[0].name} to {pool[-1].name}, which one declaration makes, the first that "
        "can be is tried; --volume tries another"
        for pool in pools.values()
        if len(pool) > 1
    ]
    volumes = [_first_free(pool).name for pool in pools.values()]
    wishes = [Wish("class", name, consumer, named=False) for name in classes]
    wishes += [Wish("volume", name, consumer, named=False) for name in volumes]
    if not wishes:
        raise InputError("storage.yml declares no class and no volume to try; name one with --class or --volume")
    return Chosen(tuple(wishes), tuple(notes))


def _first_free(pool: Sequence[Manifest]) -> Manifest:
    """The first volume that is not reserved for somebody's claim, else the first."""
    return next((manifest for manifest in pool if not mapping(manifest.spec.get("claimRef"))), pool[0])
