"""The key ``kubernetes.kubectl``: where kubectl runs and with which credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, PrivateAttr, WithJsonSchema, model_validator

from mountwright.spec.base import Section
from mountwright.spec.values import AbsolutePath, Pattern, refused, text

if TYPE_CHECKING:
    from typing_extensions import Self


def _context(value: Any) -> str:
    name = text(value, "the name of a context of the kubeconfig file")
    if name.startswith("-"):
        raise refused(
            f"{name!r} begins with a dash, so kubectl would take it for an option; expected a context's name"
        )
    return name


Context = Annotated[str, BeforeValidator(_context), WithJsonSchema({"type": "string", "minLength": 1})]


class LocalKubectl(Section):
    """kubectl on the operator's machine."""

    kubeconfig: AbsolutePath | None = Field(default=None, examples=["/home/ops/.kube/production"])
    """The kubeconfig file, an absolute path. Without it kubectl finds its own."""
    context: Context | None = Field(default=None, examples=["production"])
    """The context of the kubeconfig file. Without it the file's current one, whatever that is at the time."""


class Kubectl(Section):
    """Where kubectl runs: on a host of the inventory, over SSH, or on the operator's machine."""

    on: Pattern | None = Field(default=None, examples=["kube_control_plane"])
    """Group or host that has kubectl and its credentials; the first host of a group is used."""
    kubeconfig: AbsolutePath | None = Field(default=None, examples=["/etc/kubernetes/admin.conf"])
    """The kubeconfig file on the host. Without it: that of kubeadm, k3s or RKE2, then root's own."""
    context: Context | None = None
    """The context of the kubeconfig file on the host. Without it the file's current one."""
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
        if self.local is not None and (self.kubeconfig or self.context):
            raise refused("'kubeconfig' and 'context' of kubectl on this machine belong below 'local'")
        return self
