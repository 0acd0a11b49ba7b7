"""The key ``kubernetes.smoke``: the pods that ``k8s.smoke`` tries storage with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from mountwright.spec.base import Section
from mountwright.spec.metadata import LabelKey, LabelValue  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.quantity import Capacity  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.values import found, refused, text

if TYPE_CHECKING:
    from typing_extensions import Self

DEFAULT_IMAGE = "docker.io/library/busybox:1.36.1"
NOBODY = 65534

# As https://github.com/distribution/reference has it: [registry[:port]/]path[:tag][@digest].
_COMPONENT = r"[a-z0-9]+([._-]+[a-z0-9]+)*"
_REGISTRY = r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_IMAGE = rf"({_REGISTRY}/)?{_COMPONENT}(/{_COMPONENT})*(:{_TAG})?(@[a-z0-9]+:[0-9a-f]{{32,}})?"
_HIGHEST_USER = 2**31 - 1  # runAsUser is an int32 to the kubelet


def image_name(value: Any) -> str:
    """``value`` when it is the name of a container image; raises what was expected otherwise."""
    expected = f"the name of a container image like {DEFAULT_IMAGE}"
    name = text(value, expected)
    if not re.fullmatch(_IMAGE, name, re.ASCII):
        raise refused(f"{name!r} is no name of an image; expected {expected}")
    return name


def _user(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _HIGHEST_USER:
        raise refused(f"expected a user's number between 0 (root) and {_HIGHEST_USER}, found {found(value)}")
    return value


Image = Annotated[str, BeforeValidator(image_name), WithJsonSchema({"type": "string", "minLength": 1})]
PodUser = Annotated[
    int, BeforeValidator(_user), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": _HIGHEST_USER})
]


class Toleration(Section):
    """A taint of nodes that the pods bear, with the fields of Kubernetes' own API."""

    key: LabelKey | None = Field(default=None, examples=["dedicated"])
    """The taint's key. Without it every taint is borne; 'operator' must then be Exists."""
    operator: Literal["Equal", "Exists"] = "Equal"
    """Whether the taint's value must be the same, or any will do."""
    value: LabelValue | None = Field(default=None, examples=["storage"])
    """The taint's value, with the operator Equal."""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    """The taint's effect. Without it: all of them."""

    @model_validator(mode="after")
    def _as_the_api_takes_it(self) -> Self:
        if self.operator == "Exists" and self.value:
            raise refused("with 'operator: Exists' any value will do: leave 'value' out")
        if self.key is None and self.operator != "Exists":
            raise refused("without 'key' it bears every taint, which needs 'operator: Exists'")
        return self

    def as_api(self) -> dict[str, Any]:
        """The toleration as the API takes it."""
        return self.model_dump(exclude_none=True)


class Smoke(Section):
    """The pods that ``k8s.smoke`` tries storage with."""

    image: Image = Field(default=DEFAULT_IMAGE, examples=["registry.example.com/busybox:1.36.1"])
    """The image of their containers. It needs a shell, cat, dd, ls, rm and sleep; busybox has them."""
    pull_policy: Literal["IfNotPresent", "Always", "Never"] = "IfNotPresent"
    """When nodes pull the image."""
    user: PodUser = Field(default=NOBODY, examples=[1000])
    """Number of the user, and of its group, that the pods run as. 0 is root, which needs a namespace that allows
    it."""
    capacity: Capacity = "1Gi"
    """Size that is asked of a class, a Kubernetes quantity. Cloud disks have a smallest size."""
    node_selector: dict[LabelKey, LabelValue] = Field(default={}, examples=[{"storage": "yes"}])
    """Labels that a node must have. Nodes that are not of the operating system linux are left out anyway."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints of nodes that the pods bear."""
