"""The ``ceph`` section against the inventory and itself: hosts, names that others refer to, what is worth a look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mountwright.ceph import caps
from mountwright.spec.check_hosts import hosts_of, suggestion

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mountwright.inventory import Inventory
    from mountwright.spec.ceph import Ceph, CephUser
    from mountwright.spec.findings import Findings
    from mountwright.spec.problems import Path


def check_ceph(ceph: Ceph, inventory: Inventory, findings: Findings) -> None:
    """Place the section's hosts, and note what does not fit together."""
    hosts = hosts_of(ceph.clients, ("ceph", "clients"), inventory, findings)
    ceph._clients = tuple(host.name for host in hosts)  # noqa: SLF001 - set once, here
    _place_admin(ceph, inventory, findings)
    for kind, listed in (("pool", ceph.pools), ("file system", ceph.filesystems), ("user", ceph.users)):
        _check_twice(_SECTION[kind], [each.name for each in listed], kind, findings)
    for index, pool in enumerate(ceph.pools):
        _check_items(("ceph", "pools", index, "namespaces"), pool.namespaces, findings)
        if pool.size == 1:
            findings.warn(("ceph", "pools", index, "size"), "with one copy, a disk that fails takes its data with it")
    for index, filesystem in enumerate(ceph.filesystems):
        _check_items(("ceph", "filesystems", index, "subvolume_groups"), filesystem.subvolume_groups, findings)
    for index, user in enumerate(ceph.users):
        _check_user(user, ("ceph", "users", index), ceph, findings)


_SECTION = {"pool": "pools", "file system": "filesystems", "user": "users"}


def _place_admin(ceph: Ceph, inventory: Inventory, findings: Findings) -> None:
    path: Path = ("ceph", "admin")
    if ceph.admin is not None:
        hosts = hosts_of(ceph.admin, path, inventory, findings)
        ceph._admin = hosts[0].name if hosts else ""  # noqa: SLF001 - set once, here
    elif (ceph.pools or ceph.filesystems or ceph.users) and path not in findings.faulty:
        message = "this key is missing: group or host that the cluster is managed from"
        findings.error(path, f"{message}; pools, file systems and users need it")


def _check_twice(section: str, names: Sequence[str], kind: str, findings: Findings) -> None:
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        other = first.setdefault(name, index)
        if other != index:
            place = findings.place(("ceph", section, other))
            findings.error(("ceph", section, index, "name"), f"'{name}' is a {kind} already, in {place}")


def _check_items(path: Path, items: Sequence[str], findings: Findings) -> None:
    for index, item in enumerate(items):
        if item in items[:index]:
            findings.error((*path, index), f"'{item}' is listed twice")


def _check_user(user: CephUser, path: Path, ceph: Ceph, findings: Findings) -> None:
    if user.name == ceph.admin_user:
        findings.error(
            (*path, "name"),
            f"'{user.name}' is the administrator that users are managed as (ceph.admin_user); it would change itself",
        )
    for key in ("pools", "namespaces", "subvolume_groups"):
        _check_items((*path, key), getattr(user, key), findings)
    _check_pools(user, path, ceph, findings)
    _check_filesystem(user, path, ceph, findings)
    if user.caps is not None:
        for service, capability in user.caps.texts.items():
            for doubt in caps.doubts(service, capability):
                findings.warn((*path, "caps", service), doubt)


def _check_pools(user: CephUser, path: Path, ceph: Ceph, findings: Findings) -> None:
    pools = {pool.name: pool for pool in reversed(ceph.pools)}
    for index, name in enumerate(user.pools):
        pool = pools.get(name)
        if pool is None:
            if not _left_out("pools", name, findings):
                hint = suggestion(name, pools) or "; declare it, with 'existing: true' when others look after it"
                findings.error((*path, "pools", index), f"'{name}' is no pool of ceph.pools{hint}")
            continue
        if pool.application not in {None, "rbd"}:
            message = f"the pool '{name}' is for {pool.application}, and the user for rbd"
            findings.error((*path, "pools", index), message)
        for place, namespace in enumerate(user.namespaces):
            if namespace not in pool.namespaces:
                hint = suggestion(namespace, pool.namespaces) or f"; add it to the namespaces of '{name}'"
                message = f"'{namespace}' is no namespace of the pool '{name}'{hint}"
                findings.error((*path, "namespaces", place), message)


def _check_filesystem(user: CephUser, path: Path, ceph: Ceph, findings: Findings) -> None:
    filesystems = {filesystem.name: filesystem for filesystem in reversed(ceph.filesystems)}
    if user.filesystem is None:
        return
    filesystem = filesystems.get(user.filesystem)
    if filesystem is None:
        if not _left_out("filesystems", user.filesystem, findings):
            hint = suggestion(user.filesystem, filesystems) or "; declare it"
            message = f"'{user.filesystem}' is no file system of ceph.filesystems{hint}"
            findings.error((*path, "filesystem"), message)
        return
    for index, group in enumerate(user.subvolume_groups):
        if group not in filesystem.subvolume_groups:
            hint = suggestion(group, filesystem.subvolume_groups) or f"; add it to those of '{filesystem.name}'"
            message = f"'{group}' is no subvolume group of '{filesystem.name}'{hint}"
            findings.error((*path, "subvolume_groups", index), message)


def _left_out(section: str, name: str, findings: Findings) -> bool:
    """Whether a faulty entry of this name was left out, which has been said; or one whose name is not known."""
    items: Iterable[Any] = findings.left_out.get(("ceph", section), ())
    return any(not isinstance(item, dict) or item.get("name") in {name, None} for item in items)
