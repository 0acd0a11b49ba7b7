"""The ``kubernetes`` section: the version of the cluster, and where kubectl runs."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from mountwright.spec.base import Section
from mountwright.spec.contents import ConfigMap, Namespace, Secret  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.kubectl import Kubectl  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.lint import Lint
from mountwright.spec.metadata import LabelValue, NamespaceName  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.objects import AnyClass, Claim, PersistentVolume  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.smoke import Smoke
from mountwright.spec.values import Pattern, found, refused

OLDEST, NEWEST = 20, 40
_EXPECTED = f'a version between "1.{OLDEST}" and "1.{NEWEST}" in quotes, like "1.33"'


def _version(value: Any) -> str:
    if isinstance(value, float):
        raise refused(
            f'{value} is a number to YAML, which takes 1.30 for 1.3; write the version in quotes, like "1.33"'
        )
    if not isinstance(value, str):
        raise refused(f"expected {_EXPECTED}, found {found(value)}")
    match = re.fullmatch(r"v?1\.(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2}))?", value, re.ASCII)
    if match is None:
        raise refused(f"{value!r} is no version of Kubernetes; expected {_EXPECTED}")
    if not OLDEST <= int(match.group(1)) <= NEWEST:
        raise refused(f"{value!r} is not supported; expected {_EXPECTED}")
    return value.removeprefix("v")


Version = Annotated[
    str,
    BeforeValidator(_version),
    WithJsonSchema({"type": "string", "pattern": r"^v?1\.(2[0-9]|3[0-9]|40)(\.[0-9]+)?$"}),
]


class Kubernetes(Section):
    """The cluster that uses the storage."""

    version: Version = Field(examples=["1.33"])
    """The version of the cluster, in quotes: YAML would take 1.30 for the number 1.3."""
    name: NamespaceName | None = Field(default=None, examples=["storage-prod"])
    """What this declaration is called in the cluster, in a label of all its objects, by which it knows what it has
    applied and no longer declares. By default the name of the inventory's folder; two declarations for one cluster
    need different names."""
    kubectl: Kubectl | None = None
    """Where kubectl runs."""
    smoke: Smoke = Smoke()
    """The pods that k8s.smoke tries storage with."""
    lint: Lint = Lint()
    """What k8s.lint is to leave out."""
    node_names: dict[Pattern, LabelValue] = Field(default={}, examples=[{"node1": "node1.example.com"}])
    """What the label kubernetes.io/hostname of a node says, by its name in the inventory, where it is another."""
    namespaces: tuple[Namespace, ...] = ()
    """Namespaces that claims, Secrets and ConfigMaps are in."""
    secrets: tuple[Secret, ...] = ()
    """Secrets, such as the credentials of drivers; their values stay out of storage.yml."""
    config_maps: tuple[ConfigMap, ...] = ()
    """ConfigMaps, such as the configuration of drivers."""
    classes: tuple[AnyClass, ...] = ()
    """StorageClasses of any provisioner; those on an export of ours are in nfs.classes."""
    volumes: tuple[PersistentVolume, ...] = ()
    """PersistentVolumes of any source; those on an export of ours are in nfs.volumes."""
    claims: tuple[Claim, ...] = ()
    """PersistentVolumeClaims."""

    @property
    def minor(self) -> int:
        """The minor version: 33 of 1.33."""
        return int(self.version.split(".")[1])
