"""storage.yml as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import PrivateAttr

from mountwright.errors import Problem  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.base import Section, describe_all
from mountwright.spec.ceph import Ceph  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.kubernetes import Kubernetes  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.local import Local  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.nfs import Nfs  # noqa: TC001 - pydantic reads annotations at run time
from mountwright.spec.pools import Origins
from mountwright.yaml_lines import Document

if TYPE_CHECKING:
    from mountwright.spec.problems import Path

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class StorageSpec(Section):
    """The storage of an environment. A section that is absent is None."""

    kubernetes: Kubernetes | None = None
    """The cluster that uses the storage."""
    nfs: Nfs | None = None
    """NFS servers, their exports, and the volumes on them."""
    ceph: Ceph | None = None
    """A Ceph cluster: pools, users, and the nodes that use them."""
    local: Local | None = None
    """Disks of the nodes themselves."""

    _warnings: tuple[Problem, ...] = PrivateAttr(default=())
    _document: Document = PrivateAttr(default_factory=lambda: Document("storage.yml", {}))

    _origins: Origins = PrivateAttr(default_factory=Origins)

    @property
    def document(self) -> Document:
        """The file as it was read: it knows the line of every declaration."""
        return self._document

    def in_file(self, section: str, name: str, index: int) -> Path:
        """The place in the file of an item of a list: ``spec.in_file("nfs", "volumes", 3)``."""
        return self._origins.in_file((section, name, index))

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is allowed but worth a look, sorted by line."""
        return self._warnings

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of storage.yml (draft 2020-12), for editors.

        Keys that begin with ``x-`` are free at the top level: a place for YAML anchors.
        """
        describe_all()
        schema = cls.model_json_schema()
        return {
            "$schema": _DIALECT,
            **_one_line(schema),
            "title": "Mountwright: storage.yml",
            "description": "The storage of a Kubernetes cluster, from which servers, nodes and volumes are derived.",
            "patternProperties": {"^x-": {"description": "Free: a place for YAML anchors."}},
        }


def _one_line(schema: Any) -> Any:
    """The schema with each description in one line, as editors show it best."""
    if isinstance(schema, dict):
        return {
            key: " ".join(value.split()) if key == "description" and isinstance(value, str) else _one_line(value)
            for key, value in schema.items()
        }
    return [_one_line(item) for item in schema] if isinstance(schema, list) else schema
