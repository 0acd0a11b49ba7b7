"""``kubernetes.namespaces``, ``.secrets`` and ``.config_maps``.

The values of a Secret do not stand in storage.yml, which is kept under version control: it says where they are, a
file beside it or a variable of the environment. ``plain`` is for the parts that are none, such as a user's name.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from mountwright.spec.base import Section
from mountwright.spec.metadata import Labelled, NamespaceName
from mountwright.spec.values import Flag, KubernetesName, Text, found, refused, text

if TYPE_CHECKING:
    from typing_extensions import Self

_LONGEST_KEY = 253
# What the API server wants of Secrets of these types: pkg/apis/core/validation, ValidateSecret.
_REQUIRED_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def _key(value: Any) -> str:
    key = text(value, "a key like config.json")
    if not re.fullmatch(r"[A-Za-z0-9._-]+", key, re.ASCII) or key in {".", ".."} or len(key) > _LONGEST_KEY:
        raise refused(f"{key!r} is no key; expected letters, digits, '-', '_' and '.', {_LONGEST_KEY} at most")
    return key


def _file_name(value: Any) -> str:
    return text(value, "the path of a file, relative to the folder of storage.yml")


def _variable(value: Any) -> str:
    name = text(value, "the name of an environment variable")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name, re.ASCII):
        raise refused(f"{name!r} is no name of an environment variable; expected one like CEPH_KEY")
    return name


def _plain(value: Any) -> str:
    if not isinstance(value, str):
        raise refused(f"expected text, found {found(value)}; put it in quotes")
    return value


def _json(value: Any) -> Any:
    if not isinstance(value, (list, dict)):
        raise refused(f"expected a list or a mapping, found {found(value)}")
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise refused(f"can't be written as JSON: {error}") from None
    return value


def _content(value: Any) -> Any:
    return {"text": value} if isinstance(value, str) else value


Key = Annotated[str, BeforeValidator(_key), WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z0-9._-]+$"})]
FileName = Annotated[str, BeforeValidator(_file_name), WithJsonSchema({"type": "string", "minLength": 1})]
Variable = Annotated[str, BeforeValidator(_variable), WithJsonSchema({"type": "string", "minLength": 1})]
Plain = Annotated[str, BeforeValidator(_plain)]


Json = Annotated[Any, BeforeValidator(_json), WithJsonSchema({"anyOf": [{"type": "array"}, {"type": "object"}]})]


class Namespace(Labelled):
    """A namespace that claims, Secrets or ConfigMaps are in."""

    name: NamespaceName = Field(examples=["media"])
    """Name of the namespace."""
    existing: Flag = False
    """Whether it exists already and somebody else looks after it: then it is only known, and not made."""


class Value(Section):
    """Where a value of a Secret comes from: exactly one of file, env and plain."""

    file: FileName | None = Field(default=None, examples=["secrets/ceph.key"])
    """A file, relative to the folder of storage.yml. A line break that ends its only line is not part of it."""
    env: Variable | None = Field(default=None, examples=["CEPH_KEY"])
    """A variable of the environment that mountwright runs in."""
    plain: Plain | None = Field(default=None, examples=["kubernetes"])
    """The value itself, where it is no secret: it is shown in diffs and messages."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise refused("expected exactly one of 'file', 'env' and 'plain'")
        return self


class Secret(Labelled):
    """A Secret of the cluster; where its values are, not the values."""

    name: KubernetesName = Field(examples=["csi-rbd-secret"])
    """Name of the Secret."""
    namespace: NamespaceName = Field(default="default", examples=["ceph-csi"])
    """Its namespace."""
    type: Text = Field(default="Opaque", examples=["kubernetes.io/rbd"])
    """Its type. The in-tree RBD driver takes kubernetes.io/rbd only."""
    immutable: Flag = False
    """Whether it can't be changed any more once it is there."""
    values: dict[Key, Value] = Field(
        min_length=1, examples=[{"userID": {"plain": "kubernetes"}, "userKey": {"file": "secrets/ceph.key"}}]
    )
    """Its keys, each with the place of its value."""

    @model_validator(mode="after")
    def _as_its_type_wants(self) -> Self:
        missing = [key for key in _REQUIRED_KEYS.get(self.type, ()) if key not in self.values]
        if missing:
            raise refused(f"a Secret of type {self.type} needs the key {missing[0]!r}")
        if self.type == "kubernetes.io/rbd" and list(self.values) != ["key"]:
            raise refused("a Secret of type kubernetes.io/rbd has one key, 'key': the driver takes any it finds")
        return self


class Content(Section):
    """What stands under a key of a ConfigMap: exactly one of text, file and json."""

    text: Plain | None = Field(default=None, examples=["layering"])
    """The text itself; the key may have the text as its value just as well."""
    file: FileName | None = Field(default=None, examples=["files/ceph.conf"])
    """A text file, relative to the folder of storage.yml."""
    json_value: Json | None = Field(
        default=None, alias="json", examples=[[{"clusterID": "a", "monitors": ["10.0.0.1"]}]]
    )
    """Data that is written as JSON."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise refused("expected a text, or exactly one of 'text', 'file' and 'json'")
        return self


class ConfigMap(Labelled):
    """A ConfigMap of the cluster."""

    name: KubernetesName = Field(examples=["ceph-csi-config"])
    """Name of the ConfigMap."""
    namespace: NamespaceName = Field(default="default", examples=["ceph-csi"])
    """Its namespace."""
    immutable: Flag = False
    """Whether it can't be changed any more once it is there."""
    data: dict[Key, Annotated[Content, BeforeValidator(_content, json_schema_input_type=str | Content)]] = Field(
        min_length=1, examples=[{"config.json": {"json": []}, "ceph.conf": {"file": "files/ceph.conf"}}]
    )
    """Its keys, each with its text, or where that comes from."""
