"""What becomes of a declaration: the hosts' resources and the scripts of ``doctor``, or the refusal."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, get_args

from pydantic import TypeAdapter, ValidationError

from mountwright.doctor.checks import CHECKS
from mountwright.duties import duties_of
from mountwright.errors import InputError, Problem
from mountwright.inventory import load_inventory
from mountwright.spec import StorageSpec, load_storage
from roles.site import works
from tests.hostile.declaration import INVENTORY, at, documents, leaves, places, planted
from tests.hostile.values import spellings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mountwright.inventory import Inventory
    from mountwright.resources.base import Resource
    from mountwright.shell import Script

REACHES_CEPH = {
    "ceph.admin_user",
    "ceph.cluster",
    "ceph.command[]",
    "ceph.conf",
    "ceph.keyring",
    "ceph.users[].caps.mds",
    "ceph.users[].caps.mgr",
    "ceph.users[].caps.mon",
    "ceph.users[].caps.osd",
    "ceph.users[].name",
}
"""The leaves whose values are in the commands for a Ceph cluster: tests/lab/test_ceph_hostile.py runs them on one."""

REACHES_HOSTS = REACHES_CEPH | {
    "ceph.clients",
    "nfs.addresses{}",
    "nfs.clients",
    "nfs.exports[].clients{key}",
    "nfs.exports[].clients{}[]",
    "nfs.exports[].each[]{}",
    "nfs.exports[].group",
    "nfs.exports[].owner",
    "nfs.exports[].path",
    "nfs.servers",
    "nfs.volumes[].subdir",
}
"""The leaves that take a value of ours which then is in, or decides on, a script that runs on a host."""

LEAVES = dict(leaves(StorageSpec))
"""Every leaf of storage.yml with its type."""


@functools.cache
def inventory() -> Inventory:
    """The inventory of the declarations."""
    return load_inventory(INVENTORY)


def load(document: dict[str, Any], folder: Path) -> StorageSpec:
    """Write the document and load it. Raises InputError when it is refused.

    It is written as JSON, which is YAML too and has a spelling for every character.
    """
    (folder / "words.txt").write_text("words\n", "ascii")  # a file that the declarations name
    path = folder / "storage.yml"
    path.write_text(json.dumps(document), "ascii")
    return load_storage(path, inventory())


def resources(spec: StorageSpec) -> dict[str, dict[str, Resource]]:
    """What all roles want of each host, in their order: the resources by all that makes them up."""
    return {work.host.name: {repr(each): each for each in work.resources} for work in works(inventory(), spec)}


def checks(spec: StorageSpec) -> dict[str, Script]:
    """The scripts with which ``doctor`` asks all hosts, by their text."""
    asked = [check.script(duties_of(host, spec)) for host in inventory().hosts for check in CHECKS]
    return {script.render(): script for script in asked if script}


def on_hosts(spec: StorageSpec) -> set[str]:
    """The text of all that reaches a host: what makes up the resources, and the scripts of ``doctor``.

    Without the objects of the cluster: of these tests/hostile/objects.py knows.
    """
    found = {text: each for of_host in resources(spec).values() for text, each in of_host.items()}
    return {text for text, each in found.items() if not is_of_cluster(each)} | checks(spec).keys()


def is_of_cluster(resource: Resource) -> bool:
    """Whether a resource is an object of the cluster, or what is left of some."""
    return type(resource).__module__.startswith("mountwright.kubernetes.")


def trials(leaf: str, folder: Path) -> Iterator[tuple[set[str], str, StorageSpec | InputError]]:
    """Every hostile value where the declarations first say the leaf; of a list's items at every place.

    Gives what reaches hosts without the value, the value, and what comes of the declaration with it. What the leaf's
    own type refuses is loaded once only: reading a whole declaration for each would take minutes.
    """
    own_check = TypeAdapter(LEAVES[leaf])
    found = [
        (document, way) for document in documents() for name, way in places(StorageSpec, document) if name == leaf
    ]
    for document, way in found if leaf.endswith("[]") else found[:1]:
        known = on_hosts(load(document, folder))
        refused, any_shape = 0, LEAVES[leaf] is Any or Any in get_args(LEAVES[leaf])
        for value in spellings(at(document, way)):
            try:
                if not any_shape:
                    own_check.validate_python(value)
            except ValidationError as error:
                refused += 1
                if refused > 1:
                    problems = [Problem("storage.yml", 1, leaf, each["msg"]) for each in error.errors()]
                    yield known, value, InputError(problems)
                    continue
            try:
                outcome: StorageSpec | InputError = load(planted(document, way, value), folder)
            except InputError as error:
                outcome = error
            yield known, value, outcome
