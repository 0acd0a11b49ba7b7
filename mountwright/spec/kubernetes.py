"""The ``kubernetes`` section: the version of the cluster, and where kubectl runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, PrivateAttr, WithJsonSchema, model_validator

from mountwright.spec.base import Section
from mountwright.spec.values import AbsolutePath, Pattern, found, refused

if TYPE_CHECKING:
    from typing_extensions import Self

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


class LocalKubectl(Section):
    """kubectl on the operator's machine."""

    kubeconfig: AbsolutePath | None = Field(default=None, examples=["/etc/kubernetes/admin.conf"])
    """The kubeconfig file, an absolute path. Without it kubectl finds its own."""


class Kubectl(Section):
    """Where kubectl runs: on a host of the inventory, over SSH, or on the operator's machine."""

    on: Pattern | None = Field(default=None, examples=["kube_control_plane"])
    """Group or host that has kubectl and its credentials; the first host of a group is used."""
    local: LocalKubectl | None = None
    """kubectl on the operator's machine."""

    _host: str = PrivateAttr(default="")

    @property
    def host(self) -> str:
        """Name of the host that kubectl runs on; empty text: the operator's machine."""
        return self._host

    @model_validator(mode="before")
    @classmethod
    def _on_is_a_key(cls, value: Any) -> Any:
        """YAML 1.1 takes the word ``on`` for true, as a key as well."""
        if isinstance(value, dict) and True in value and "on" not in value:
            return {"on" if key is True else key: item for key, item in value.items()}
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.on is None) == (self.local is None):
            raise refused("expected one of 'on' (a group or host) and 'local' (a mapping), and not both")
        return self


class Kubernetes(Section):
    """The cluster that uses the storage."""

    version: Version = Field(examples=["1.33"])
    """The version of the cluster, in quotes: YAML would take 1.30 for the number 1.3."""
    kubectl: Kubectl | None = None
    """Where kubectl runs."""

    @property
    def minor(self) -> int:
        """The minor version: 33 of 1.33."""
        return int(self.version.split(".")[1])
